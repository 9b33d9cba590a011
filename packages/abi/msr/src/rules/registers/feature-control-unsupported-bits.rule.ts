import { since } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import { isHostWrite } from '../../kvm-call.ts'
import { hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

/** LOCKED, VMX inside and outside SMX, SGX launch control, SGX, LMCE. */
const supported = 0x16_0007n

export const featureControlUnsupportedBits = registerRule({
  id: 'feature-control-unsupported-bits',
  catalogue: 'feat-ctl-host',
  says: 'user space sets in IA32_FEATURE_CONTROL whatever KVM supports, before or after CPUID',
  lifetime: since('6.2'),
  errno: 'invalid',
  sources: [
    commit('d2a00af2061d', 'KVM: VMX: Allow userspace to set all supported FEATURE_CONTROL bits'),
    kernelSource('arch/x86/kvm/vmx/vmx.c', 'is_vmx_feature_control_msr_valid', '6.12'),
  ],
  evidence: 'recorded',
  refuses: (call) => isHostWrite(call) && call.index === 0x3a && (call.data & ~supported) !== 0n,
  witness: { refused: hostWrites(0x3a, 0x8000n), accepted: hostWrites(0x3a, 5n) },
})
