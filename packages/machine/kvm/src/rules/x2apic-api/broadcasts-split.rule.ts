import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedInterrupts } from '../where-recorded.ts'
import { broadcasts, suppressible, type X2apicApiRule } from './case.ts'

export const x2apicBroadcastsSplit: X2apicApiRule = rule({
  id: 'x2apic-api-broadcasts-split',
  catalogue: 'enable-cap-vm',
  says: "the broadcast of acknowledgements is suppressible where the I/O APIC is user space's",
  lifetime: since({ absentIn: '6.12.117', presentIn: '6.18.44' }),
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_enable_cap', '7.0'), askedInterrupts],
  evidence: 'recorded',
  refuses: ({ flags, irqchip }) => (flags & broadcasts.suppressible) !== 0n && irqchip !== 'split',
  witness: { refused: { ...suppressible, irqchip: 'full' }, accepted: suppressible },
})
