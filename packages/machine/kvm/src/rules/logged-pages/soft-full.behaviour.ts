import { type Behaviour, behaviour, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'

/** Entries of a ring that user space has not given back, and how many it may be. */
export interface RingFill {
  readonly used: number
  readonly limit: number
}

export const ringSoftFull: Behaviour<RingFill, boolean> = behaviour<RingFill, boolean>({
  id: 'dirty-ring-soft-full',
  catalogue: 'dirty-ring',
  says: 'a vCPU whose ring has no more than the entries left that are kept back leaves before the store that filled it, and does not run until some are given back',
  sources: [kernelSource('virt/kvm/dirty_ring.c', 'kvm_dirty_ring_check_request', '6.12.117'), askedMemory],
  evidence: 'recorded',
  versions: [
    {
      lifetime: since('5.11'),
      does: ({ used, limit }) => used >= limit,
      witness: { in: { used: 192, limit: 192 }, out: true },
    },
  ],
})
