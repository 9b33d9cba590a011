import { behaviour, since, until } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import { canonicalForm } from '../../canonical.ts'
import type { MsrCall } from '../../kvm-call.ts'
import { guestWrites } from '../witness.ts'

const isTarget = ({ index }: MsrCall): boolean => index === 0x175 || index === 0x176
const written = guestWrites(0x175, 1n << 47n, { host: { linearAddressWidth: 57 } })

export const sysenterMadeCanonical = behaviour<MsrCall, MsrCall>({
  id: 'sysenter-made-canonical',
  catalogue: 'canonical-msrs',
  says: 'IA32_SYSENTER_ESP and _EIP take any value, and keep it as the address it nearly is',
  sources: [kernelSource('arch/x86/kvm/x86.c', '__kvm_set_msr', '6.12')],
  evidence: 'recorded',
  versions: [
    {
      lifetime: until('6.13', { '6.12': { until: '6.12.41' } }),
      says: 'as wide as the guest’s are now',
      sources: [kernelSource('arch/x86/kvm/x86.c', '__kvm_set_msr', '6.1')],
      does: (call) =>
        isTarget(call) ? { ...call, data: canonicalForm(call.data, call.vcpu.linearAddressWidth) } : call,
      witness: { in: written, out: { ...written, data: 0xffff_8000_0000_0000n } },
    },
    {
      lifetime: since('6.13', { '6.12': '6.12.41' }),
      says: 'as wide as the hardware’s can be',
      sources: [commit('9245fd6b8531', 'KVM: x86: model canonical checks more precisely')],
      does: (call) =>
        isTarget(call) ? { ...call, data: canonicalForm(call.data, call.host.linearAddressWidth) } : call,
      witness: { in: written, out: written },
    },
  ],
})
