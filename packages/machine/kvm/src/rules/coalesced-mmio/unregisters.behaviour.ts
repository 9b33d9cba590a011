import { always, type Behaviour, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import { aZone, type CoalescedZone, covers } from './case.ts'

/** The zones there are, and the one that is taken away. */
export interface UnregisteredZone {
  readonly zones: readonly CoalescedZone[]
  readonly asked: CoalescedZone
}

export const unregisters: Behaviour<UnregisteredZone, readonly CoalescedZone[]> = behaviour<
  UnregisteredZone,
  readonly CoalescedZone[]
>({
  id: 'coalesced-unregisters',
  catalogue: 'coalesced',
  says: 'every zone of the kind goes that the one that is taken away lies in; that there is none is no error',
  sources: [
    kernelSource('virt/kvm/coalesced_mmio.c', 'kvm_vm_ioctl_unregister_coalesced_mmio', '6.12.117'),
    askedMemory,
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: ({ zones, asked }) =>
        zones.filter((each) => each.pio !== asked.pio || !covers(each, asked.addr, BigInt(asked.size))),
      witness: { in: { zones: [aZone], asked: { addr: 0x1800n, size: 8, pio: 0 } }, out: [] },
    },
  ],
})
