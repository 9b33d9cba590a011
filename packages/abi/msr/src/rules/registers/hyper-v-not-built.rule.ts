import { since } from '@vmm/rule'
import { commit } from '@vmm/source'
import { hostReads } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const hyperVNotBuilt = registerRule({
  id: 'hyper-v-not-built',
  catalogue: 'hv-msrs',
  says: 'a kernel without CONFIG_KVM_HYPERV has none of Hyper-V’s MSRs',
  lifetime: since('6.8'),
  errno: 'unsupported',
  sources: [commit('b4f69df0f65e', 'KVM: x86: Make Hyper-V emulation optional')],
  refuses: ({ index, host }) => index >= 0x4000_0000 && index <= 0x4000_01ff && host.hyperV === false,
  witness: { refused: hostReads(0x4000_0020, 0n, { host: { hyperV: false } }), accepted: hostReads(0x4000_0020) },
})
