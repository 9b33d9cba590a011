import { always } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { hostReads, hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const msrCommandRead = registerRule({
  id: 'msr-command-read',
  catalogue: 'silently-ignored',
  says: 'a command cannot be read, not by user space either',
  lifetime: always,
  errno: 'unsupported',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_get_msr_common', '6.12')],
  evidence: 'recorded',
  refuses: ({ access, row }) => access === 'read' && row?.access === 'write-only',
  witness: { refused: hostReads(0x49), accepted: hostWrites(0x49) },
})
