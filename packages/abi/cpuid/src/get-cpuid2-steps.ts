import { type Pipeline, since } from '@vmm/rule'
import type { GetCpuid2Call } from './get-cpuid2-call.ts'
import { aGetCall } from './rules/get-cpuid2/a-call.ts'
import { getCpuid2E2big } from './rules/get-cpuid2/get-cpuid2-e2big.rule.ts'
import { getCpuid2EntriesCopy } from './rules/get-cpuid2/get-cpuid2-entries-copy.rule.ts'
import { getCpuid2HeaderCopy } from './rules/get-cpuid2/get-cpuid2-header-copy.rule.ts'
import { getCpuid2HeaderWrite } from './rules/get-cpuid2/get-cpuid2-header-write.rule.ts'
import { getCpuid2Nent } from './rules/get-cpuid2/get-cpuid2-nent.rule.ts'
import { getCpuid2SeesRuntime } from './rules/get-cpuid2/get-cpuid2-sees-runtime.rule.ts'
import { getCpuid2Tells } from './rules/get-cpuid2/get-cpuid2-tells.rule.ts'
import { inOrder, updates } from './set-cpuid-runtime.ts'

/** KVM_GET_CPUID2 as the list of its steps, each with its releases, in the kernel's order. */
export const getCpuid2Pipeline: Pipeline<GetCpuid2Call> = {
  call: 'KVM_GET_CPUID2',
  steps: [
    { kind: 'check', rule: getCpuid2HeaderCopy },
    { kind: 'check', rule: getCpuid2E2big },
    ...updates(inOrder.withMwait, {
      on: 'stored',
      lifetime: since('6.15'),
      when: ({ pending }: GetCpuid2Call) => pending,
      witness: aGetCall({ pending: true }),
    }),
    { kind: 'act', behaviour: getCpuid2SeesRuntime },
    { kind: 'check', rule: getCpuid2EntriesCopy },
    { kind: 'act', behaviour: getCpuid2Tells },
    { kind: 'act', behaviour: getCpuid2Nent },
    { kind: 'check', rule: getCpuid2HeaderWrite },
  ],
}
