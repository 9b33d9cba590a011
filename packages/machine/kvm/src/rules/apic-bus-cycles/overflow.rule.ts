import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedInterrupts } from '../where-recorded.ts'
import { type ApicBusCyclesRule, fortyMegahertz } from './case.ts'

/** A timer that counts from its greatest value, divided by 128. */
const slowestCount = 0xffff_ffffn * 128n

export const busCyclesOverflow: ApicBusCyclesRule = rule({
  id: 'apic-bus-cycles-overflow',
  catalogue: 'enable-cap-vm',
  says: 'the longest count at the slowest pace is told in 64 bits of nanoseconds',
  lifetime: since('6.11'),
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_enable_cap', '6.12.117'), askedInterrupts],
  evidence: 'recorded',
  refuses: ({ nanoseconds }) => nanoseconds * slowestCount >= 1n << 64n,
  witness: {
    refused: { ...fortyMegahertz, nanoseconds: 1n << 40n },
    accepted: { ...fortyMegahertz, nanoseconds: 1n << 24n },
  },
})
