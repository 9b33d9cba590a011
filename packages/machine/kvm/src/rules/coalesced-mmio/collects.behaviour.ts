import { always, type Behaviour, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import { aZone, type CoalescedZone, covers } from './case.ts'

/** A store, the zones there are, and the ends of the ring as they stand. */
export interface CollectedStore {
  readonly zones: readonly CoalescedZone[]
  readonly pio: number
  readonly addr: bigint
  readonly bytes: number
  readonly first: number
  readonly last: number
}

/** KVM_COALESCED_MMIO_MAX: what a page has room for. */
export const ringEntries = 170

export const collects: Behaviour<CollectedStore, boolean> = behaviour<CollectedStore, boolean>({
  id: 'coalesced-collects',
  catalogue: 'coalesced',
  says: 'a store is collected where a zone has all of it and the ring has more than one entry free; user space may have set its ends to anything',
  sources: [kernelSource('virt/kvm/coalesced_mmio.c', 'coalesced_mmio_write', '6.12.117'), askedMemory],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: ({ zones, pio, addr, bytes, first, last }) => {
        const inZone = zones.some((zone) => zone.pio === pio && covers(zone, addr, BigInt(bytes)))
        return inZone && last < ringEntries && (last + 1) % ringEntries !== first
      },
      witness: { in: { zones: [aZone], pio: 0, addr: 0x1ffcn, bytes: 4, first: 0, last: 168 }, out: true },
    },
  ],
})
