import { always } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { hostReads, hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const msrWrittenConstant = registerRule({
  id: 'msr-written-constant',
  catalogue: 'silently-ignored',
  says: 'what KVM only answers reads of cannot be written, not by user space either',
  lifetime: always,
  errno: 'unsupported',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_set_msr_common', '6.12')],
  evidence: 'recorded',
  refuses: ({ access, row }) => access === 'write' && row?.access === 'constant',
  witness: { refused: hostWrites(0x198, 0n), accepted: hostReads(0x198) },
})
