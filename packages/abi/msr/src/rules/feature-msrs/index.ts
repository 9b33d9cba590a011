import { behaviourEntry, type Entry, type Pipeline } from '@vmm/rule'
import { featureMsrFrozenAfterRun } from './feature-msr-frozen-after-run.rule.ts'
import { featureMsrFrozenInL2 } from './feature-msr-frozen-in-l2.rule.ts'
import { featureMsrUnreadableAfterRun } from './feature-msr-unreadable-after-run.rule.ts'
import { microcodeRevisionFree } from './microcode-revision-free.rule.ts'
import { platformInfoFrozenAfterRun } from './platform-info-frozen-after-run.rule.ts'
import { rfcFeatureMsrFrozen } from './rfc-feature-msr-frozen.rule.ts'
import { sameValueSkipsSetter } from './same-value-skips-setter.rule.ts'
import type { FeatureMsrWrite } from './write.ts'

/** What an entry of KVM_SET_MSRS goes through before its register's setter. It ends early where no setter is asked. */
export const featureMsrWrite: Pipeline<FeatureMsrWrite> = {
  call: 'KVM_SET_MSRS',
  steps: [
    { kind: 'check', rule: featureMsrUnreadableAfterRun },
    { kind: 'check', rule: rfcFeatureMsrFrozen },
    { kind: 'check', rule: featureMsrFrozenAfterRun },
    { kind: 'check', rule: platformInfoFrozenAfterRun },
    { kind: 'check', rule: featureMsrFrozenInL2 },
  ],
}

/** Promises about feature MSRs that are asked for by themselves. */
export const featureMsrEntries: readonly Entry[] = [
  behaviourEntry('KVM_SET_MSRS', sameValueSkipsSetter),
  behaviourEntry('KVM_SET_MSRS', microcodeRevisionFree),
]
