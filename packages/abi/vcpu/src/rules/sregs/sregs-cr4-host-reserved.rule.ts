import { rule, since } from '@vmm/rule'
import { commit, kernelSource, probe } from '@vmm/source'
import type { SetSregsCall } from '../calls.ts'
import { askedCalls } from '../where-recorded.ts'
import { aSetSregs } from '../witnesses.ts'

export const sregsCr4HostReserved = rule<SetSregsCall>({
  id: 'sregs-cr4-host-reserved',
  catalogue: 'sregs-order',
  says: 'every bit of CR4 must be one that KVM has on this host, whatever the guest is told',
  lifetime: since('5.6', { '5.5': 'unread', '5.4': '5.4.19', '4.19': '4.19.103', '4.14': 'unread' }),
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', '__kvm_is_valid_cr4', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', '__kvm_is_valid_cr4', '6.1.192'),
    commit('b11306b53b25', "KVM: x86: Don't let userspace set host-reserved cr4 bits"),
    askedCalls,
    probe('seeds', 'Linux 6.1.192 and 6.12.117, kvm_intel under Bochs'),
  ],
  evidence: 'recorded',
  refuses: ({ given: { cr4 }, limits }) => (cr4 & ~limits.hostCr4) !== 0n,
  witness: {
    refused: aSetSregs({ cr4: 1n << 19n }, { limits: { ...aSetSregs().limits, hostCr4: 0x37_ffffn } }),
    accepted: aSetSregs({ cr4: 1n << 19n }),
  },
})
