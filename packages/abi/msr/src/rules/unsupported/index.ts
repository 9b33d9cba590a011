import { behaviourEntry, type Entry } from '@vmm/rule'
import { ignoreMsrs } from './ignore-msrs.rule.ts'
import { ignoredIsReported } from './ignored-is-reported.rule.ts'
import { listedIsLenient } from './listed-is-lenient.rule.ts'

/** Promises about MSRs that are not there, in the order in which they are asked. */
export const unsupportedEntries: readonly Entry[] = [
  behaviourEntry('WRMSR', listedIsLenient),
  behaviourEntry('WRMSR', ignoreMsrs),
  behaviourEntry('WRMSR', ignoredIsReported),
]
