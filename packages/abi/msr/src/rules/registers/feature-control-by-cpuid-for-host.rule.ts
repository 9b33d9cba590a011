import { until } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { MsrCall } from '../../kvm-call.ts'
import { bitOf, guestHas, isHostWrite } from '../../kvm-call.ts'
import { having, hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

function allowed(call: MsrCall): bigint {
  const lmce = bitOf(call.vcpu.values.get(0x179) ?? 0n, 27) ? 1n << 20n : 0n
  return (
    1n |
    (guestHas(call, 'VMX') ? 6n : 0n) |
    (guestHas(call, 'SGX_LC') ? 1n << 17n : 0n) |
    (guestHas(call, 'SGX') ? 1n << 18n : 0n) |
    lmce
  )
}

export const featureControlByCpuidForHost = registerRule({
  id: 'feature-control-by-cpuid-for-host',
  catalogue: 'feat-ctl-host',
  says: 'user space, too, sets in IA32_FEATURE_CONTROL only what CPUID has: CPUID comes first',
  lifetime: until('6.2'),
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/vmx/vmx.c', 'vmx_feature_control_msr_valid', '6.1')],
  refuses: (call) => isHostWrite(call) && call.index === 0x3a && (call.data & ~allowed(call)) !== 0n,
  witness: { refused: hostWrites(0x3a, 5n), accepted: hostWrites(0x3a, 5n, { vcpu: having('VMX') }) },
})
