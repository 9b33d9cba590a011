import { behaviourEntry, type Entry } from '@vmm/rule'
import { systemTimeWritten } from './system-time-written.rule.ts'
import { tscWrittenByGuest } from './tsc-written-by-guest.rule.ts'
import { tscWrittenByHost } from './tsc-written-by-host.rule.ts'
import { wallClockWritten } from './wall-clock-written.rule.ts'

/** Promises about clocks that MSRs set. */
export const clockEntries: readonly Entry[] = [
  behaviourEntry('WRMSR', wallClockWritten),
  behaviourEntry('WRMSR', systemTimeWritten),
  behaviourEntry('WRMSR', tscWrittenByGuest),
  behaviourEntry('KVM_SET_MSRS', tscWrittenByHost),
]
