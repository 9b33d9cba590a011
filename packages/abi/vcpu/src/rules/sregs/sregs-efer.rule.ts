import { rule, since } from '@vmm/rule'
import { kernelSource, mail } from '@vmm/source'
import type { SetSregsCall } from '../calls.ts'
import { askedCalls } from '../where-recorded.ts'
import { aSetSregs } from '../witnesses.ts'

/** 6.1.192 has no such check. */
export const sregsEfer = rule<SetSregsCall>({
  id: 'sregs-efer',
  catalogue: 'sregs-order',
  says: 'every bit of EFER must be one that the guest may have',
  lifetime: since(
    { absentIn: '7.0', presentIn: '7.3' },
    { '6.12': '6.12.112', '6.6': 'unread', '6.18': 'unread', '7.0': 'unread' },
  ),
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/regs.c', 'kvm_is_valid_sregs', '6.12.117'),
    mail('20260713180153.2728382-2-yosry@kernel.org', 'KVM: x86: Check EFER validity on KVM_SET_SREGS*'),
    askedCalls,
  ],
  evidence: 'recorded',
  refuses: ({ given: { efer }, limits }) => (efer & ~limits.efer) !== 0n,
  witness: { refused: aSetSregs({ efer: 1n << 20n }), accepted: aSetSregs({ efer: 1n }) },
})
