import { always } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { MsrCall } from '../../kvm-call.ts'
import { bitOf, guestHas, isGuestWrite } from '../../kvm-call.ts'
import { guestWrites, having } from '../witness.ts'
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

export const featureControlByCpuid = registerRule({
  id: 'feature-control-by-cpuid',
  catalogue: 'feat-ctl-guest',
  says: 'a guest sets in IA32_FEATURE_CONTROL what its CPUID has',
  lifetime: always,
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/vmx/vmx.c', 'is_vmx_feature_control_msr_valid', '6.12')],
  refuses: (call) => isGuestWrite(call) && call.index === 0x3a && (call.data & ~allowed(call)) !== 0n,
  witness: { refused: guestWrites(0x3a, 5n), accepted: guestWrites(0x3a, 5n, { vcpu: having('VMX') }) },
})
