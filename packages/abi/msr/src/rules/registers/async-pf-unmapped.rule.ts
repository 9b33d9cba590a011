import { always } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { apicInKernel, bitOf, isWriteOf } from '../../kvm-call.ts'
import { hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

const around = { vm: { isMapped: () => false } }

/** Up to 7.0 the value is kept all the same: the check comes after it was stored. */
export const asyncPfUnmapped = registerRule({
  id: 'async-pf-unmapped',
  catalogue: 'pvmsr-async-pf-en',
  says: 'page faults are told of where guest memory is',
  lifetime: always,
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_pv_enable_async_pf', '6.12')],
  refuses: (call) =>
    isWriteOf(call, 0x4b56_4d02) &&
    bitOf(call.data, 0) &&
    apicInKernel(call) &&
    !call.vm.isMapped(call.data & ~0x3fn, 8),
  witness: { refused: hostWrites(0x4b56_4d02, 1n, around), accepted: hostWrites(0x4b56_4d02, 0n, around) },
})
