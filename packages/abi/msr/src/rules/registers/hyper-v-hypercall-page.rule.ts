import { always } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { bitOf, isWriteOf } from '../../kvm-call.ts'
import { holding, hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

const around = { vm: { isMapped: () => false }, vcpu: holding([0x4000_0000, 1n]) }

export const hyperVHypercallPage = registerRule({
  id: 'hyper-v-hypercall-page',
  catalogue: 'hv-msrs',
  says: 'the hypercall page is written where guest memory is, once there is an OS identity',
  lifetime: always,
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/hyperv.c', 'kvm_hv_set_msr_pw', '6.12')],
  refuses: (call) =>
    isWriteOf(call, 0x4000_0001) &&
    bitOf(call.data, 0) &&
    (call.vcpu.values.get(0x4000_0000) ?? 0n) !== 0n &&
    !call.vm.isMapped(call.data & ~0xfffn, 4),
  witness: { refused: hostWrites(0x4000_0001, 0x1001n, around), accepted: hostWrites(0x4000_0001, 0x1000n, around) },
})
