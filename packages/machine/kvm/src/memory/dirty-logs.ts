import { type Profile, resolve, run } from '@vmm/rule'
import { type Answer, done, noMemory } from '../answer.ts'
import { dirtyRingPipeline } from '../rules/cap-dirty-ring/index.ts'
import { initiallySet, manualProtect } from '../rules/cap-manual-dirty-log/case.ts'
import { manualDirtyLogPipeline } from '../rules/cap-manual-dirty-log/index.ts'
import { clearDirtyLogPipeline } from '../rules/clear-dirty-log/index.ts'
import type { DirtyLogCase } from '../rules/get-dirty-log/case.ts'
import { getDirtyLogPipeline } from '../rules/get-dirty-log/index.ts'
import { type LoggedSlot, loggedThrough } from '../rules/logged-pages/through.behaviour.ts'
import { resetRingsPipeline } from '../rules/reset-dirty-rings/index.ts'
import { type Memslot, memLogDirtyPages } from '../rules/set-user-memory-region/case.ts'
import { DirtyLog } from './dirty-log.ts'
import { DirtyRing } from './dirty-ring.ts'
import { pageOf } from './shown-memory.ts'

/** What KVM_CLEAR_DIRTY_LOG is told beside the bitmap. */
export interface ClearDirtyLog {
  readonly slot: number
  readonly first_page: bigint
  readonly num_pages: number
}

/** What the logs of a VM go by. */
export interface DirtyLogsOptions {
  readonly kernel: Profile
  /** What there can be of slots. */
  readonly limits: () => Pick<DirtyLogCase, 'addressSpaces' | 'userSlots'>
  /** Bytes of a ring that are kept back: more where the processor itself keeps a log. */
  readonly reserved: number
  /** The next store to every page is to be noticed. */
  readonly forgetStores: () => void
}

const [{ does: through }] = loggedThrough.versions

/** A log of more pages is refused: 64 GiB of guest memory. */
const mostPages = 1 << 24

interface Logged {
  readonly slot: Memslot
  readonly log: DirtyLog
}

const isLogged = ({ flags }: Memslot): boolean => (flags & memLogDirtyPages) !== 0

/** Which pages of a VM's memory were written, by slot, in bitmaps or in rings. */
export class DirtyLogs {
  readonly #options: DirtyLogsOptions
  readonly #calls
  #logged: readonly Logged[] = []
  #places: readonly LoggedSlot[] = []
  #slots: readonly Memslot[] = []
  /** KVM_DIRTY_LOG_*. */
  #manual = 0n
  #ringBytes = 0

  constructor(options: DirtyLogsOptions) {
    const { kernel } = options
    this.#options = options
    this.#calls = {
      get: resolve(getDirtyLogPipeline, kernel),
      clear: resolve(clearDirtyLogPipeline, kernel),
      manual: resolve(manualDirtyLogPipeline, kernel),
      rings: resolve(dirtyRingPipeline, kernel),
      reset: resolve(resetRingsPipeline, kernel),
    }
  }

  /** How long the ring of each vCPU is; 0 where there are none. */
  get ringBytes(): number {
    return this.#ringBytes
  }

  /** Whether there is room for the logs that slots ask for. */
  hasRoomFor(slots: readonly Memslot[]): boolean {
    return slots.every((slot) => !isLogged(slot) || pageOf(slot.memory_size) <= mostPages)
  }

  /** The VM has these slots now. */
  follow(slots: readonly Memslot[]): void {
    const before = this.#slots
    const isThere = ({ slot, guest_phys_addr }: Memslot) =>
      slots.some((each) => each.slot === slot && each.guest_phys_addr === guest_phys_addr)
    // a slot that goes or moves takes what was mapped of all others with it
    if (!before.every(isThere)) for (const { log } of this.#logged) log.unmap()
    this.#slots = slots
    this.#logged = slots.filter(isLogged).map((slot) => ({ slot, log: this.#logOf(slot, before) }))
    this.#places = this.#logged.map(({ slot, log }) => {
      return { slot: slot.slot, first: pageOf(slot.guest_phys_addr), pages: log.pages }
    })
  }

  /** KVM_GET_DIRTY_LOG: the bitmap. */
  get(slot: number): Answer<Uint8Array> {
    const outcome = run(this.#calls.get, this.#case(slot))
    if (outcome.kind === 'refused') return outcome.refusal
    const log = this.#find(slot)?.log
    if (log === undefined) return noMemory('KVM_GET_DIRTY_LOG')
    if ((this.#manual & manualProtect) !== 0n) return done(log.copy(), outcome.unread)
    const taken = log.take()
    this.#options.forgetStores()
    return done(taken, outcome.unread)
  }

  /** KVM_CLEAR_DIRTY_LOG. `read` gives so many bytes of user space's bitmap; where it gives none, nothing is cleared. */
  clear(asked: ClearDirtyLog, read: (bytes: number) => Uint8Array | undefined): Answer<'cleared' | 'faulted'> {
    const pages = this.#slots.find(({ slot }) => slot === asked.slot)?.memory_size ?? 0n
    const outcome = run(this.#calls.clear, { ...this.#case(asked.slot), ...asked, pages: pages >> 12n })
    if (outcome.kind === 'refused') return outcome.refusal
    const mask = read(Math.ceil(asked.num_pages / 64) * 8)
    if (mask === undefined) return done('faulted', outcome.unread)
    this.#find(asked.slot)?.log.clear(Number(asked.first_page), mask)
    this.#options.forgetStores()
    return done('cleared', outcome.unread)
  }

  /** KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2. */
  enableManual(options: bigint): Answer<number> {
    const outcome = run(this.#calls.manual, { options })
    if (outcome.kind === 'refused') return outcome.refusal
    this.#manual = options
    return done(0, outcome.unread)
  }

  /** KVM_CAP_DIRTY_LOG_RING and KVM_CAP_DIRTY_LOG_RING_ACQ_REL. */
  enableRings(size: bigint, vcpus: number): Answer<number> {
    const bytes = Number(BigInt.asUintN(32, size))
    const { reserved } = this.#options
    const outcome = run(this.#calls.rings, { bytes, reserved, known: this.#ringBytes, vcpus })
    if (outcome.kind === 'refused') return outcome.refusal
    this.#ringBytes = bytes
    return done(0, outcome.unread)
  }

  /** The ring of a vCPU that is made now, if it has one. */
  createRing(): DirtyRing | undefined {
    return this.#ringBytes === 0 ? undefined : new DirtyRing(this.#ringBytes, this.#options.reserved)
  }

  /** KVM_RESET_DIRTY_RINGS: how many entries were taken back. */
  reset(rings: readonly DirtyRing[]): Answer<number> {
    const outcome = run(this.#calls.reset, { ringBytes: this.#ringBytes })
    if (outcome.kind === 'refused') return outcome.refusal
    const collected = rings.flatMap((ring) => ring.collected())
    for (const { slot, page } of collected) {
      const log = this.#find(slot)?.log
      if (log !== undefined && page < BigInt(log.pages)) log.guard(Number(page))
    }
    if (collected.length > 0) this.#options.forgetStores()
    return done(collected.length, outcome.unread)
  }

  /** A page is touched by a vCPU with a ring or without. False if the vCPU must not go on. */
  touched(space: number, address: number, access: 'load' | 'store', ring: DirtyRing | undefined): boolean {
    const page = pageOf(address)
    const place = through({ slots: this.#places, space, page })
    if (place === undefined) return true
    const inSlot = page - place.first
    if (this.#find(place.slot)?.log.touch(inSlot, access) !== true || ring === undefined) return true
    ring.push(place.slot, inSlot)
    return !ring.isSoftFull
  }

  #logOf(slot: Memslot, before: readonly Memslot[]): DirtyLog {
    const known = this.#find(slot.slot)?.log
    if (known !== undefined) return known
    const mapped = before.some((each) => each.slot === slot.slot)
    const all = (this.#manual & initiallySet) !== 0n && this.#ringBytes === 0
    return new DirtyLog({ pages: pageOf(slot.memory_size), mapped, initiallySet: all })
  }

  #find(slot: number): Logged | undefined {
    return this.#logged.find((each) => each.slot.slot === slot)
  }

  #case(slot: number): DirtyLogCase {
    const there = this.#slots.find((each) => each.slot === slot)
    const logged = there === undefined ? 'no such slot' : isLogged(there) ? 'logged' : 'not logged'
    return { slot, ...this.#options.limits(), rings: this.#ringBytes > 0, logged }
  }
}
