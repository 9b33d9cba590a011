import { rule, since } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import type { SetSregsCall } from '../calls.ts'
import { askedCalls } from '../where-recorded.ts'
import { aSetSregs } from '../witnesses.ts'

export const sregsCr4Reserved = rule<SetSregsCall>({
  id: 'sregs-cr4-reserved',
  catalogue: 'sregs-order',
  says: 'every bit of CR4 must be one that the guest may set',
  lifetime: since('5.4', { '5.3': '5.3.6', '4.19': 'unread', '4.14': 'unread' }),
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/regs.c', 'kvm_is_valid_sregs', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_is_valid_sregs', '6.1.192'),
    commit('3ca94192278c', 'KVM: X86: Fix userspace set invalid CR4'),
    askedCalls,
  ],
  evidence: 'recorded',
  refuses: ({ given: { cr4 }, limits }) => (cr4 & ~limits.cr4) !== 0n,
  witness: {
    refused: aSetSregs({ cr4: 1n << 21n }, { limits: { ...aSetSregs().limits, cr4: 0x1f_ffffn } }),
    accepted: aSetSregs({ cr4: 1n << 21n }),
  },
})
