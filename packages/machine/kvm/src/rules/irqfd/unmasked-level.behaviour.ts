import { behaviour, since, until } from '@vmm/rule'
import { kernelSource } from '@vmm/source'

/** The mask of an input of the I/O APIC goes, and a level has been seen behind it. */
export interface UnmaskedLevel {
  /** Whether an eventfd is tied to it that is told of acknowledgements. */
  readonly resamples: boolean
}

/** Whether the level counts, or who drives it is asked to drive it again if it is still up. */
export type UnmaskedLevelTaken = 'counts' | 'is asked for again'

const waits: UnmaskedLevel = { resamples: true }

export const unmaskedLevel = behaviour<UnmaskedLevel, UnmaskedLevelTaken>({
  id: 'irqfd-unmasked-level',
  catalogue: 'irqfd',
  says: 'a level that came while its input of the I/O APIC was masked interrupts when the mask goes',
  sources: [kernelSource('arch/x86/kvm/ioapic.c', 'ioapic_write_indirect', '6.1.192')],
  evidence: 'source',
  versions: [
    {
      lifetime: until({ absentIn: '6.1.192', presentIn: '6.12' }),
      bug: 'a device that has dropped its line meanwhile interrupts once too often',
      does: () => 'counts',
      witness: { in: waits, out: 'counts' },
    },
    {
      lifetime: since({ absentIn: '6.1.192', presentIn: '6.12' }),
      says: 'who is told of acknowledgements is asked first whether it is still up',
      sources: [kernelSource('arch/x86/kvm/ioapic.c', 'ioapic_write_indirect', '6.12.117')],
      does: ({ resamples }) => (resamples ? 'is asked for again' : 'counts'),
      witness: { in: waits, out: 'is asked for again' },
    },
  ],
})
