import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetSregsCall } from '../calls.ts'
import { askedCalls } from '../where-recorded.ts'
import { aSetSregs } from '../witnesses.ts'
import { EFER, isLong } from './bits.ts'

export const sregsActiveWithoutLongMode = rule<SetSregsCall>({
  id: 'sregs-active-without-long-mode',
  catalogue: 'sregs-order',
  says: 'EFER.LMA needs EFER.LME and paging',
  lifetime: since('4.16'),
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/regs.c', 'kvm_is_valid_sregs', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_is_valid_sregs', '6.1.192'),
    askedCalls,
  ],
  evidence: 'recorded',
  refuses: ({ given: { cr0, efer } }) => !isLong(cr0, efer) && (efer & EFER.LMA) !== 0n,
  witness: { refused: aSetSregs({ efer: 0x500n }), accepted: aSetSregs({ efer: 0x100n }) },
})
