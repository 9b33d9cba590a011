import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetSregsCall } from '../calls.ts'
import { askedCalls } from '../where-recorded.ts'
import { aSetSregs, longMode } from '../witnesses.ts'
import { isLong } from './bits.ts'

/** Bits 62:61, for linear-address masking, where the guest may set CR4.LAM_SUP: with it they came to KVM. */
const maskingBits = (cr4: bigint): bigint => ((cr4 >> 28n) & 1n) * (3n << 61n)

export const sregsCr3Width = rule<SetSregsCall>({
  id: 'sregs-cr3-width',
  catalogue: 'sregs-order',
  says: 'in long mode CR3 must be a physical address that the guest can have, but for the bits of linear-address masking where it has that',
  lifetime: since('5.12', { '5.10': 'unread', '5.11': 'unread' }),
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/regs.c', 'kvm_is_valid_sregs', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_is_valid_sregs', '6.1.192'),
    askedCalls,
  ],
  evidence: 'recorded',
  refuses: ({ given: { cr0, cr3, efer }, limits }) =>
    isLong(cr0, efer) && (cr3 & ~maskingBits(limits.cr4)) >> BigInt(limits.physicalAddressWidth) !== 0n,
  witness: {
    refused: aSetSregs({ ...longMode, cr3: 1n << 40n }),
    accepted: aSetSregs({ ...longMode, cr3: 1n << 39n }),
  },
})
