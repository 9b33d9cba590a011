import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetSregsCall } from '../calls.ts'
import { askedCalls } from '../where-recorded.ts'
import { aSetSregs, longMode } from '../witnesses.ts'
import { CR4, isLong } from './bits.ts'

export const sregsLongModeWithoutPae = rule<SetSregsCall>({
  id: 'sregs-long-mode-without-pae',
  catalogue: 'sregs-order',
  says: 'paging with EFER.LME needs CR4.PAE',
  lifetime: since('4.16'),
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/regs.c', 'kvm_is_valid_sregs', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_is_valid_sregs', '6.1.192'),
    askedCalls,
  ],
  evidence: 'recorded',
  refuses: ({ given: { cr0, cr4, efer } }) => isLong(cr0, efer) && (cr4 & CR4.PAE) === 0n,
  witness: { refused: aSetSregs({ ...longMode, cr4: 0n }), accepted: aSetSregs(longMode) },
})
