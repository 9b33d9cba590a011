import type { Pipeline } from '@vmm/rule'
import type { PreFaultCase } from './case.ts'
import { preFaultFlags } from './flags.rule.ts'
import { preFaultNoSlot } from './no-slot.rule.ts'
import { preFaultNoUserMemory } from './no-user-memory.rule.ts'
import { preFaultRange } from './range.rule.ts'
import { preFaultWithoutTdp } from './without-tdp.rule.ts'

/** KVM_PRE_FAULT_MEMORY. */
export const preFaultPipeline: Pipeline<PreFaultCase> = {
  call: 'KVM_PRE_FAULT_MEMORY',
  steps: [
    { kind: 'check', rule: preFaultFlags },
    { kind: 'check', rule: preFaultRange },
    { kind: 'check', rule: preFaultWithoutTdp },
    { kind: 'check', rule: preFaultNoSlot },
    { kind: 'check', rule: preFaultNoUserMemory },
  ],
}
