import { type PageState, pageState, pageTouched } from '../rules/logged-pages/touch.behaviour.ts'

const [{ does: touched }] = pageTouched.versions
const { unmapped, writable, guarded } = pageState
const bitsOfWord = 64

/** What a log begins with. */
export interface DirtyLogOptions {
  readonly pages: number
  /** Whether the slot was there before: then its pages are mapped. */
  readonly mapped: boolean
  /** KVM_DIRTY_LOG_INITIALLY_SET. */
  readonly initiallySet: boolean
}

/**
 * Which pages of a slot were written. A page counts as written when it is mapped for the guest so that it can be written,
 * whatever the access was that mapped it; from then on, when a store finds it guarded.
 *
 * Source: arch/x86/kvm/mmu/spte.c make_spte, virt/kvm/kvm_main.c kvm_get_dirty_log_protect (Linux 6.12).
 */
export class DirtyLog {
  readonly pages: number
  readonly #bitmap: Uint8Array
  readonly #state: Uint8Array

  constructor({ pages, mapped, initiallySet }: DirtyLogOptions) {
    this.pages = pages
    this.#bitmap = new Uint8Array(Math.ceil(pages / bitsOfWord) * 8)
    this.#state = new Uint8Array(pages).fill(mapped ? (initiallySet ? writable : guarded) : unmapped)
    if (initiallySet) for (let page = 0; page < pages; page += 1) this.#mark(page)
  }

  /** A page is touched. True if it counts as written because of that. */
  touch(page: number, access: 'load' | 'store'): boolean {
    const { counts, state } = touched({ state: this.#state[page] as PageState, access })
    this.#state[page] = state
    if (counts) this.#mark(page)
    return counts
  }

  /** The bitmap, in whole 64-bit words. */
  copy(): Uint8Array {
    return this.#bitmap.slice()
  }

  /** The bitmap as it was; now nothing is written, and every page that was is guarded. */
  take(): Uint8Array {
    const taken = this.copy()
    this.#bitmap.fill(0)
    for (let page = 0; page < this.pages; page += 1) if (has(taken, page)) this.guard(page)
    return taken
  }

  /** Takes the pages out that are in a mask, from a page on. */
  clear(first: number, mask: Uint8Array): void {
    for (let at = 0; at < mask.length * 8; at += 1) {
      const page = first + at
      if (page >= this.pages || !has(mask, at) || !has(this.#bitmap, page)) continue
      this.#bitmap[page >>> 3]! &= ~(1 << (page & 7))
      this.guard(page)
    }
  }

  /** The next store to a page is noticed. */
  guard(page: number): void {
    if (this.#state[page] === writable) this.#state[page] = guarded
  }

  /** No page is mapped any more. */
  unmap(): void {
    this.#state.fill(unmapped)
  }

  #mark(page: number): void {
    this.#bitmap[page >>> 3]! |= 1 << (page & 7)
  }
}

const has = (bitmap: Uint8Array, at: number): boolean => ((bitmap[at >>> 3] ?? 0) & (1 << (at & 7))) !== 0
