import { always } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { isWriteOf } from '../../kvm-call.ts'
import { hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

/** KVM_MAX_VCPUS is an option of the build since 6.8; 4096 is its largest value. */
export const hyperVVpIndex = registerRule({
  id: 'hyper-v-vp-index',
  catalogue: 'hv-msrs',
  says: 'user space alone sets HV_X64_MSR_VP_INDEX, below the most vCPUs of a VM',
  lifetime: always,
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/hyperv.c', 'kvm_hv_set_msr', '6.12')],
  evidence: 'recorded',
  refuses: (call) =>
    isWriteOf(call, 0x4000_0002) && (call.initiator === 'guest' || (call.data & 0xffff_ffffn) >= 4096n),
  witness: { refused: hostWrites(0x4000_0002, 4096n), accepted: hostWrites(0x4000_0002, 7n) },
})
