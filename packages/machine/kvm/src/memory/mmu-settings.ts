import { type Profile, resolve, run } from '@vmm/rule'
import { type Answer, done } from '../answer.ts'
import { identityMapPipeline } from '../rules/set-identity-map-addr/index.ts'
import { mmuPagesPipeline } from '../rules/set-nr-mmu-pages/index.ts'
import { tssAddressPipeline } from '../rules/set-tss-addr/index.ts'

/** One page for tables to so many pages of memory, and never fewer than that. Source: arch/x86/include/asm/kvm_host.h (Linux 6.12). */
const pagesForOne = 50n
const fewest = 64n

/** What user space says of a VM's page tables, and where vendor modules may keep pages of their own. Nothing here needs them. */
export class MmuSettings {
  readonly #calls
  #asked = 0n
  #usual = 0n
  #hasPages = false

  constructor(kernel: Profile) {
    this.#calls = {
      pages: resolve(mmuPagesPipeline, kernel),
      tss: resolve(tssAddressPipeline, kernel),
      identity: resolve(identityMapPipeline, kernel),
    }
  }

  /** Slots have changed: what page tables may take follows, where user space has not said it. */
  follow(memoryPages: bigint): void {
    const usual = memoryPages / pagesForOne
    this.#usual = usual < fewest ? fewest : usual
    this.#hasPages = this.pages !== 0n
  }

  /** Pages that page tables may take: none before there was a slot, or user space has said so. */
  get pages(): bigint {
    return this.#asked === 0n ? this.#usual : this.#asked
  }

  /** Whether there are any. */
  get hasPages(): boolean {
    return this.#hasPages
  }

  /** KVM_SET_NR_MMU_PAGES. */
  setPages(pages: bigint): Answer<number> {
    const outcome = run(this.#calls.pages, { pages })
    if (outcome.kind === 'refused') return outcome.refusal
    this.#asked = pages
    this.#hasPages = this.pages !== 0n
    return done(0, outcome.unread)
  }

  /** KVM_SET_TSS_ADDR. */
  setTssAddress(address: bigint): Answer<number> {
    const outcome = run(this.#calls.tss, { address })
    return outcome.kind === 'refused' ? outcome.refusal : done(0, outcome.unread)
  }

  /** KVM_SET_IDENTITY_MAP_ADDR, before its argument is read. */
  setIdentityMap(vcpus: number): Answer<number> {
    const outcome = run(this.#calls.identity, { vcpus })
    return outcome.kind === 'refused' ? outcome.refusal : done(0, outcome.unread)
  }
}
