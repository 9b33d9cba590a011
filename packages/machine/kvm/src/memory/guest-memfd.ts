import type { Bound } from '../rules/set-user-memory-region/case.ts'

/** GUEST_MEMFD_FLAG_MMAP: user space can map it, and all that its slots show comes from it. */
const mappable = 1n

/** What a guest_memfd is made with. */
export interface GuestMemfdOptions {
  /** The VM that it belongs to. */
  readonly owner: object
  readonly size: bigint
  /** GUEST_MEMFD_FLAG_*. */
  readonly flags: bigint
  /** Where it lies in the machine's memory; undefined where there was no room. */
  readonly offset: number | undefined
}

/** Memory of a VM that user space has no address of. */
export class GuestMemfd {
  readonly owner: object
  readonly size: bigint
  readonly offset: number | undefined
  /** Whether its slots show nothing else. */
  readonly isAll: boolean
  readonly #bound = new Map<number, Bound>()

  constructor({ owner, size, flags, offset }: GuestMemfdOptions) {
    this.owner = owner
    this.size = size
    this.offset = offset
    this.isAll = (flags & mappable) !== 0n
  }

  /** What slots have of it. */
  get bound(): readonly Bound[] {
    return [...this.#bound.values()]
  }

  bind(slot: number, from: bigint, bytes: bigint): void {
    this.#bound.set(slot, { from, to: from + bytes })
  }

  unbind(slot: number): void {
    this.#bound.delete(slot)
  }
}
