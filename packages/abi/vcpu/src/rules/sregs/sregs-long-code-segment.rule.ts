import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetSregsCall } from '../calls.ts'
import { askedCalls } from '../where-recorded.ts'
import { aSetSregs, longMode } from '../witnesses.ts'
import { isLong } from './bits.ts'

export const sregsLongCodeSegment = rule<SetSregsCall>({
  id: 'sregs-long-code-segment',
  catalogue: 'sregs-order',
  says: 'a 64-bit code segment needs long mode',
  lifetime: since('4.16'),
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/regs.c', 'kvm_is_valid_sregs', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_is_valid_sregs', '6.1.192'),
    askedCalls,
  ],
  evidence: 'recorded',
  refuses: ({ given: { cr0, efer, cs } }) => !isLong(cr0, efer) && cs.l !== 0,
  witness: { refused: aSetSregs({ cs: { l: 1 } }), accepted: aSetSregs({ ...longMode, cs: { l: 1 } }) },
})
