import { rule, since } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import type { SetSregsCall } from '../calls.ts'
import { askedCalls } from '../where-recorded.ts'
import { aSetSregs } from '../witnesses.ts'

export const sregsCr0Upper = rule<SetSregsCall>({
  id: 'sregs-cr0-upper',
  catalogue: 'sregs-order',
  says: 'the upper half of CR0 must be zero',
  lifetime: since('6.5', { '6.1': '6.1.43', '5.4': 'unread', '5.10': 'unread', '5.15': 'unread', '6.4': '6.4.8' }),
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/regs.c', 'kvm_is_valid_cr0', '6.12.117'),
    commit('26a0652cb453', 'KVM: x86: Disallow KVM_SET_SREGS{2} if incoming CR0 is invalid'),
    askedCalls,
  ],
  evidence: 'recorded',
  refuses: ({ given: { cr0 } }) => cr0 >> 32n !== 0n,
  witness: { refused: aSetSregs({ cr0: 0x1_6000_0011n }), accepted: aSetSregs() },
})
