import type { Errno } from '@vmm/rule'

/** What an eventfd is made with. */
export interface EventFdOptions {
  readonly initial?: bigint
  /** EFD_SEMAPHORE: a read takes 1 instead of all. */
  readonly reads?: 'all' | 'one'
}

/** Who wants to know of an eventfd. */
export interface EventFdListener {
  /** Something was added. `take` empties the counter, whatever reads take, and gives what was in it. */
  signalled(take: () => bigint): void
  /** The last descriptor was closed. */
  closed?(): void
}

/** What `poll` says of an eventfd. */
export interface EventFdReadiness {
  /** POLLIN: there is something to read. */
  readonly readable: boolean
  /** POLLOUT: at least 1 can be added. */
  readonly writable: boolean
  /** POLLERR: the kernel has counted up to the end. */
  readonly overflowed: boolean
}

const most = (1n << 64n) - 1n

/**
 * A counter that processes and the kernel signal one another with. Nothing here waits: what would block is EAGAIN, as for
 * a descriptor with EFD_NONBLOCK. Source: Linux man-pages, eventfd(2); fs/eventfd.c of Linux 6.12.
 */
export class EventFd {
  readonly #reads: 'all' | 'one'
  readonly #listeners = new Set<EventFdListener>()
  #count: bigint

  constructor({ initial = 0n, reads = 'all' }: EventFdOptions = {}) {
    this.#count = BigInt.asUintN(32, initial)
    this.#reads = reads
  }

  /** What is in it. */
  get count(): bigint {
    return this.#count
  }

  /** `write`: adds. EINVAL for 2^64 - 1; EAGAIN where the counter could not hold the sum. */
  write(value: bigint): Errno | undefined {
    if (value === most) return 'EINVAL'
    if (most - this.#count <= value) return 'EAGAIN'
    this.#count += value
    this.#tell()
    return undefined
  }

  /** `read`: all, or 1 of a semaphore; EAGAIN where there is nothing. */
  read(): bigint | Errno {
    if (this.#count === 0n) return 'EAGAIN'
    return this.#take(this.#reads)
  }

  /** `poll`. */
  poll(): EventFdReadiness {
    const count = this.#count
    return { readable: count > 0n, writable: count < most - 1n, overflowed: count === most }
  }

  /** The kernel adds 1; at the end it stays there. */
  signal(): void {
    if (this.#count < most) this.#count += 1n
    this.#tell()
  }

  /** Tells a listener of what comes from now on. Gives what ends that. */
  listen(listener: EventFdListener): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  /** The last descriptor is closed. What the kernel still does with it goes on, and nobody sees it. */
  close(): void {
    for (const listener of [...this.#listeners]) listener.closed?.()
    this.#listeners.clear()
  }

  #tell(): void {
    for (const listener of this.#listeners) listener.signalled(() => this.#take('all'))
  }

  #take(what: 'all' | 'one'): bigint {
    const taken = what === 'all' || this.#count === 0n ? this.#count : 1n
    this.#count -= taken
    return taken
  }
}
