import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetSregsCall } from '../calls.ts'
import { CR0, CR4, EFER } from '../sregs/bits.ts'
import { askedCalls } from '../where-recorded.ts'
import { aSetSregs, paePaging } from '../witnesses.ts'

export const sregs2PdptrsWithoutPae = rule<SetSregsCall>({
  id: 'sregs2-pdptrs-without-pae',
  catalogue: 'sregs2',
  says: 'page-directory pointers need PAE paging',
  lifetime: since('5.14'),
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/regs.c', 'kvm_vcpu_ioctl_x86_set_sregs2', '6.12.117'), askedCalls],
  evidence: 'recorded',
  refuses: ({ flags, given: { cr0, cr4, efer } }) =>
    (flags & 1n) !== 0n && !((cr0 & CR0.PG) !== 0n && (cr4 & CR4.PAE) !== 0n && (efer & EFER.LMA) === 0n),
  witness: { refused: aSetSregs({}, { flags: 1n }), accepted: aSetSregs(paePaging, { flags: 1n }) },
})
