import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedInterrupts } from '../where-recorded.ts'
import { aMessage, type SignalMsiRule } from './case.ts'

export const msiFlags: SignalMsiRule = rule({
  id: 'signal-msi-flags',
  catalogue: 'signal-msi',
  says: 'a message has no flag but that its device is known',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/irqchip.c', 'kvm_send_userspace_msi', '6.12.117'), askedInterrupts],
  evidence: 'recorded',
  refuses: ({ flags }) => (flags & ~1) !== 0,
  witness: { refused: { ...aMessage, flags: 2 }, accepted: { ...aMessage, flags: 1 } },
})
