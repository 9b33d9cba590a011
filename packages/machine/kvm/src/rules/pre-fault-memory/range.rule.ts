import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import { aPage, type PreFaultRule } from './case.ts'

export const preFaultRange: PreFaultRule = rule({
  id: 'pre-fault-range',
  catalogue: 'pre-fault',
  says: 'there is at least a page, pages are whole, and no end of all addresses in between',
  lifetime: since('6.11'),
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/kvm_main.c', 'kvm_vcpu_pre_fault_memory', '6.12.117'), askedMemory],
  evidence: 'recorded',
  refuses: ({ gpa, size }) => ((gpa | size) & 0xfffn) !== 0n || BigInt.asUintN(64, gpa + size) <= gpa,
  witness: { refused: { ...aPage, size: 0n }, accepted: aPage },
})
