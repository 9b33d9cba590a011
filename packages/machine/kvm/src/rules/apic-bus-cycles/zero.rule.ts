import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedCapabilities } from '../where-recorded.ts'
import { type ApicBusCyclesRule, fortyMegahertz } from './case.ts'

export const busCyclesZero: ApicBusCyclesRule = rule({
  id: 'apic-bus-cycles-zero',
  catalogue: 'enable-cap-vm',
  says: 'a cycle of the APIC bus takes some time',
  lifetime: since('6.11'),
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_enable_cap', '6.12.117'), askedCapabilities],
  evidence: 'recorded',
  refuses: ({ nanoseconds }) => nanoseconds === 0n,
  witness: { refused: { ...fortyMegahertz, nanoseconds: 0n }, accepted: fortyMegahertz },
})
