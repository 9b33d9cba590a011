import { featureMsrs } from './feature-msrs.ts'
import { l2Active } from './l2-active.ts'
import { pageEncryption } from './page-encryption.ts'
import { runtimeUpdates } from './runtime-updates.ts'
import type { Scenario } from './scenario.ts'
import { whoseCpuid } from './whose-cpuid.ts'

/** Every scenario by the name of its page. */
export const scenarios: Readonly<Record<string, Scenario>> = {
  'l2-active': l2Active,
  'whose-cpuid': whoseCpuid,
  'runtime-updates': runtimeUpdates,
  'page-encryption': pageEncryption,
  'feature-msrs': featureMsrs,
}
