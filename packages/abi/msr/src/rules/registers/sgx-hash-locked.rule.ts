import { since } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import type { MsrCall } from '../../kvm-call.ts'
import { bitOf, isGuestWrite } from '../../kvm-call.ts'
import { guestWrites, having, holding } from '../witness.ts'
import { registerRule } from './register-rule.ts'

const control = ({ vcpu }: MsrCall): bigint => vcpu.values.get(0x3a) ?? 0n

export const sgxHashLocked = registerRule({
  id: 'sgx-hash-locked',
  catalogue: 'sgx-lepubkeyhash',
  says: 'a guest sets the launch key while IA32_FEATURE_CONTROL is unlocked, or allows launch control',
  lifetime: since('5.13'),
  errno: 'invalid',
  sources: [
    commit('8f102445d404', 'KVM: VMX: Add emulation of SGX Launch Control LE hash MSRs'),
    kernelSource('arch/x86/kvm/vmx/vmx.c', 'vmx_set_msr', '6.12'),
  ],
  refuses: (call) =>
    isGuestWrite(call) &&
    call.index >= 0x8c &&
    call.index <= 0x8f &&
    bitOf(control(call), 0) &&
    !bitOf(control(call), 17),
  witness: {
    refused: guestWrites(0x8c, 1n, { vcpu: { ...having('SGX_LC'), ...holding([0x3a, 1n]) } }),
    accepted: guestWrites(0x8c, 1n, { vcpu: { ...having('SGX_LC'), ...holding([0x3a, 0x2_0001n]) } }),
  },
})
