import { behaviourEntry, type Entry, type Pipeline } from '@vmm/rule'
import type { SetMceCall, SetupMceCall } from './machine-check.ts'
import { mceAndSgx } from './mce-and-sgx.rule.ts'
import { mceBankCount } from './mce-bank-count.rule.ts'
import { mceBankCountOffByOne } from './mce-bank-count-off-by-one.rule.ts'
import { mceCapabilities } from './mce-capabilities.rule.ts'
import { mceInjected } from './mce-injected.rule.ts'
import { mceNoSuchBank } from './mce-no-such-bank.rule.ts'
import { mceSetUp } from './mce-set-up.rule.ts'
import { mceSupported } from './mce-supported.rule.ts'

/** KVM_X86_SETUP_MCE: what it leaves is {@link mceSetUp}'s to say. */
export const setupMceCall: Pipeline<SetupMceCall> = {
  call: 'KVM_X86_SETUP_MCE',
  steps: [
    { kind: 'check', rule: mceBankCount },
    { kind: 'check', rule: mceBankCountOffByOne },
    { kind: 'check', rule: mceCapabilities },
  ],
}

/** KVM_X86_SET_MCE. */
export const setMceCall: Pipeline<SetMceCall> = {
  call: 'KVM_X86_SET_MCE',
  steps: [
    { kind: 'check', rule: mceNoSuchBank },
    { kind: 'act', behaviour: mceInjected },
  ],
}

/** Promises about machine checks that are asked for by themselves. */
export const machineCheckEntries: readonly Entry[] = [
  behaviourEntry('KVM_X86_SETUP_MCE', mceSetUp),
  behaviourEntry('KVM_X86_SETUP_MCE', mceSupported),
  behaviourEntry('KVM_X86_SETUP_MCE', mceAndSgx),
]
