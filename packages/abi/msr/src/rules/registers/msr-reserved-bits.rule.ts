import { always } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { allFields, hasReserved } from '../../handled.ts'
import { hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const msrReservedBits = registerRule({
  id: 'msr-reserved-bits',
  catalogue: 'silently-ignored',
  says: 'no bit may be set that the register does not have',
  lifetime: always,
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_set_msr_common', '6.12')],
  evidence: 'recorded',
  refuses: (call) => call.access === 'write' && hasReserved(call.row) && (call.data & ~allFields(call.row)) !== 0n,
  witness: { refused: hostWrites(0x4b56_4d03, 2n), accepted: hostWrites(0x4b56_4d03, 1n) },
})
