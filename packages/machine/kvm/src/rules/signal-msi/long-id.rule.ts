import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedInterrupts } from '../where-recorded.ts'
import { aMessage, type SignalMsiRule } from './case.ts'

export const msiLongId: SignalMsiRule = rule({
  id: 'signal-msi-long-id',
  catalogue: 'signal-msi',
  says: 'with long IDs the low byte of the upper address is zero',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/irq_comm.c', 'kvm_msi_route_invalid', '6.12.117'),
    kernelSource('arch/x86/kvm/irq_comm.c', 'kvm_msi_route_invalid', '6.1.192'),
    askedInterrupts,
  ],
  evidence: 'recorded',
  refuses: ({ longIds, addressHigh }) => longIds && (addressHigh & 0xff) !== 0,
  witness: {
    refused: { ...aMessage, longIds: true, addressHigh: 0x101 },
    accepted: { ...aMessage, longIds: true, addressHigh: 0x100 },
  },
})
