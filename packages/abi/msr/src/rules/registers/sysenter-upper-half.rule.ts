import { behaviour, since } from '@vmm/rule'
import { commit } from '@vmm/source'
import type { MsrCall } from '../../kvm-call.ts'
import { amdHost, guestWrites } from '../witness.ts'

const isCut = ({ index, host, vcpu }: MsrCall): boolean =>
  (index === 0x175 || index === 0x176) && host.module === 'kvm_amd' && vcpu.vendor !== 'intel'
const written = guestWrites(0x175, 0x1_0000_0005n, { host: amdHost, vcpu: { vendor: 'amd' } })

export const sysenterUpperHalf = behaviour<MsrCall, MsrCall>({
  id: 'sysenter-upper-half',
  catalogue: 'canonical-msrs',
  says: 'on AMD, IA32_SYSENTER_ESP and _EIP keep 32 bits, unless CPUID names Intel',
  sources: [commit('adc2a23734ac', 'KVM: nSVM: improve SYSENTER emulation on AMD')],
  evidence: 'recorded',
  versions: [
    {
      lifetime: since('5.13'),
      does: (call) => (isCut(call) ? { ...call, data: call.data & 0xffff_ffffn } : call),
      witness: { in: written, out: { ...written, data: 5n } },
    },
  ],
})
