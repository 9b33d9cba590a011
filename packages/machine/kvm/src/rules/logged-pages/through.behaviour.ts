import { always, type Behaviour, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'

/** A slot whose written pages are remembered, as pages of the guest. */
export interface LoggedSlot {
  /** The slot in the low half, the address space in the high one. */
  readonly slot: number
  readonly first: number
  readonly pages: number
}

/** A page that is touched, and the slots there are that are logged. */
export interface TouchedPage {
  readonly slots: readonly LoggedSlot[]
  readonly space: number
  readonly page: number
}

const slots = [
  { slot: 0, first: 0, pages: 8 },
  { slot: 1, first: 8, pages: 1 },
]

export const loggedThrough: Behaviour<TouchedPage, LoggedSlot | undefined> = behaviour<
  TouchedPage,
  LoggedSlot | undefined
>({
  id: 'memslot-log-of-its-own',
  catalogue: 'memslot-aliasing',
  says: 'memory that two slots show is in the log of the one through which it is touched, and of no other',
  sources: [kernelSource('virt/kvm/kvm_main.c', 'mark_page_dirty_in_slot', '6.12.117'), askedMemory],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: (touched) =>
        touched.slots.find(({ slot, first, pages }) => {
          const inSlot = touched.page - first
          return slot >>> 16 === touched.space && inSlot >= 0 && inSlot < pages
        }),
      witness: { in: { slots, space: 0, page: 8 }, out: { slot: 1, first: 8, pages: 1 } },
    },
  ],
})
