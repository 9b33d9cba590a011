import { always } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { isWriteOf } from '../../kvm-call.ts'
import { hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const asyncPfReserved = registerRule({
  id: 'async-pf-reserved',
  catalogue: 'pvmsr-async-pf-en',
  says: 'bits 5:4 of MSR_KVM_ASYNC_PF_EN are reserved',
  lifetime: always,
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_pv_enable_async_pf', '6.12')],
  evidence: 'recorded',
  refuses: (call) => isWriteOf(call, 0x4b56_4d02) && (call.data & 0x30n) !== 0n,
  witness: { refused: hostWrites(0x4b56_4d02, 0x10n), accepted: hostWrites(0x4b56_4d02, 0x40n) },
})
