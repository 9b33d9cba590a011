import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedInterrupts } from '../where-recorded.ts'
import { type ApicBusCyclesRule, fortyMegahertz } from './case.ts'

export const busCyclesAfterVcpu: ApicBusCyclesRule = rule({
  id: 'apic-bus-cycles-after-vcpu',
  catalogue: 'enable-cap-vm',
  says: 'the pace of the APIC bus is said before there are vCPUs',
  lifetime: since('6.11'),
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_enable_cap', '6.12.117'), askedInterrupts],
  evidence: 'recorded',
  refuses: ({ vcpus }) => vcpus > 0,
  witness: { refused: { ...fortyMegahertz, vcpus: 1 }, accepted: fortyMegahertz },
})
