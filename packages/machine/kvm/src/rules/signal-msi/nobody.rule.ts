import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedInterrupts } from '../where-recorded.ts'
import { aMessage, type SignalMsiRule } from './case.ts'

/** It is no errno of anybody’s choice: minus one is what the delivery counts then. */
export const msiToNobody: SignalMsiRule = rule({
  id: 'signal-msi-nobody',
  catalogue: 'signal-msi',
  says: 'where there is no vCPU, nobody has taken the message',
  lifetime: always,
  errno: 'EPERM',
  sources: [
    kernelSource('arch/x86/kvm/irq_comm.c', 'kvm_irq_delivery_to_apic', '6.12.117'),
    kernelSource('arch/x86/kvm/irq_comm.c', 'kvm_irq_delivery_to_apic', '6.1.192'),
    askedInterrupts,
  ],
  evidence: 'recorded',
  refuses: ({ vcpus }) => vcpus === 0,
  witness: { refused: { ...aMessage, vcpus: 0 }, accepted: aMessage },
})
