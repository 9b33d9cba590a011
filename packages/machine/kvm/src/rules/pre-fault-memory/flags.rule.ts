import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import { aPage, type PreFaultRule } from './case.ts'

export const preFaultFlags: PreFaultRule = rule({
  id: 'pre-fault-flags',
  catalogue: 'pre-fault',
  says: 'there is no flag',
  lifetime: since('6.11'),
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/kvm_main.c', 'kvm_vcpu_pre_fault_memory', '6.12.117'), askedMemory],
  evidence: 'recorded',
  refuses: ({ flags }) => flags !== 0n,
  witness: { refused: { ...aPage, flags: 1n }, accepted: aPage },
})
