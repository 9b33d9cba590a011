import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedInterrupts } from '../where-recorded.ts'
import { aMessage, type SignalMsiRule } from './case.ts'

export const msiWithoutIrqchip: SignalMsiRule = rule({
  id: 'signal-msi-without-irqchip',
  catalogue: 'signal-msi',
  says: 'messages go to local APICs in the kernel, and there must be some',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/irqchip.c', 'kvm_send_userspace_msi', '6.12.117'), askedInterrupts],
  evidence: 'recorded',
  refuses: ({ irqchip }) => irqchip === 'none',
  witness: { refused: { ...aMessage, irqchip: 'none' }, accepted: aMessage },
})
