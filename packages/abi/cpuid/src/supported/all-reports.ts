import type { Feature } from '../all.ts'
import type { Report } from './report.ts'
import {
  reports0D,
  reports01,
  reports07Ebx,
  reports07Ecx,
  reports07Edx,
  reports07Subleaves,
} from './report-basic.rows.ts'
import {
  reports8000000A,
  reports80000001,
  reports80000008,
  reports80000021,
  reportsC0000001,
} from './report-extended.rows.ts'
import { reportsKvm } from './report-kvm.rows.ts'

/** Every row of what KVM_GET_SUPPORTED_CPUID reports, by leaf. A feature without a row is never reported. */
export const reports: readonly Report[] = [
  ...reports01,
  ...reports07Ebx,
  ...reports07Ecx,
  ...reports07Edx,
  ...reports07Subleaves,
  ...reports0D,
  ...reportsKvm,
  ...reports80000001,
  ...reports80000008,
  ...reports8000000A,
  ...reports80000021,
  ...reportsC0000001,
]

const byFeature = new Map<Feature, readonly Report[]>()
for (const report of reports) byFeature.set(report.feature, [...(byFeature.get(report.feature) ?? []), report])

/** The rows of a feature; none when KVM never reports it. */
export function reportsFor(feature: Feature): readonly Report[] {
  return byFeature.get(feature) ?? []
}
