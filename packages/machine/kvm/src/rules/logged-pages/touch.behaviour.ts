import { always, type Behaviour, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'

/** How a page of a logged slot stands: not mapped for the guest yet, mapped so that a store is not noticed, or so that it is. */
export const pageState = { unmapped: 0, writable: 1, guarded: 2 } as const
export type PageState = (typeof pageState)[keyof typeof pageState]

/** A page, and what the guest is about to do with it. */
export interface PageTouch {
  readonly state: PageState
  readonly access: 'load' | 'store'
}

/** What comes of it. */
export interface PageTouched {
  /** Whether the page counts as written because of that. */
  readonly counts: boolean
  readonly state: PageState
}

export const pageTouched: Behaviour<PageTouch, PageTouched> = behaviour<PageTouch, PageTouched>({
  id: 'dirty-log-first-touch',
  catalogue: 'dirty-log-get',
  says: 'a page counts as written when it is first mapped for the guest, even to be read, and then by the first store after it was taken from the log',
  sources: [kernelSource('arch/x86/kvm/mmu/spte.c', 'make_spte', '6.12.117'), askedMemory],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: ({ state, access }) => {
        const counts = state === pageState.unmapped || (state === pageState.guarded && access === 'store')
        return { counts, state: counts ? pageState.writable : state }
      },
      witness: {
        in: { state: pageState.unmapped, access: 'load' },
        out: { counts: true, state: pageState.writable },
      },
    },
  ],
})
