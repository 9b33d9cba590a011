import { granuleBytes } from '../code-granules.ts'
import { coderBytes, type MemoryMap, mapOfThread, pageFlag, type SharedMap, type ThreadsSize } from '../memory-map.ts'

/** Words of the meeting place. */
const at = { lock: 0, stopped: 1, barrier: 2, processors: 64 } as const
/** Words of a processor there, and how many of them. */
const its = { state: 0, posted: 1, done: 2, overflow: 3, ring: 16 } as const
const itsWords = 256
const ringEntries = 96
const state = { parked: 0, running: 1 } as const
const asked = { nothing: 0, guard: 1, forget: 2 } as const
type Asked = (typeof asked)[keyof typeof asked]
/** Between two looks at who may have gone to sleep. */
const lookMilliseconds = 1

/** What a processor does for others. Pages are places in linear memory. */
export interface ForOthers {
  /** Stores to a page are to be looked at from now on. */
  guard(page: number): void
  /** Code of a page is stale. */
  forget(page: number): void
  /** So may be all of it. */
  forgetAll(): void
}

/** Which of the two words of a page's coders, and which bit of it, is a processor's. */
interface Coder {
  readonly word: 0 | 1
  readonly bit: number
}

const coderOf = (index: number): Coder => ({ word: index < 32 ? 0 : 1, bit: 1 << (index & 31) })

interface Other {
  readonly words: number
  readonly coder: Coder
  readonly map: MemoryMap
}

/**
 * A thread among others that run processors at the same time: who has code where, and what they ask of each other. Who runs looks
 * between slices; who sleeps, in the guest or outside, is parked, and looks before it goes on.
 */
export class Together {
  readonly #map: MemoryMap
  readonly #shared: SharedMap
  readonly #others: readonly Other[]
  /** Pages of guest memory. */
  readonly #pages: number
  /** Its own word of a page's coders, and its bit there. */
  readonly #coder: Coder
  readonly #words: Int32Array
  readonly #bytes: Uint8Array
  readonly #meeting: number
  readonly #own: number
  readonly #act: ForOthers
  /** Whether this one has stopped the others. */
  #stops = false

  constructor(
    map: MemoryMap & { readonly shared: SharedMap },
    buffer: SharedArrayBuffer,
    size: ThreadsSize,
    act: ForOthers,
  ) {
    const { index } = map.shared
    this.#map = map
    this.#shared = map.shared
    this.#words = new Int32Array(buffer)
    this.#bytes = new Uint8Array(buffer)
    this.#meeting = map.shared.meeting >>> 2
    this.#own = this.#wordsOf(index)
    this.#coder = coderOf(index)
    this.#pages = Math.ceil(size.memoryBytes / 4096)
    this.#act = act
    this.#others = Array.from({ length: size.threads }, (_, other) => other)
      .filter((other) => other !== index)
      .map((other) => ({ words: this.#wordsOf(other), coder: coderOf(other), map: mapOfThread(other, size) }))
  }

  /** Does what others have asked for, and waits while one of them is to be alone. */
  serve(): void {
    const words = this.#words
    for (;;) {
      this.#serveAll()
      const goesOn = this.#stops || Atomics.load(words, this.#meeting + at.stopped) === 0
      // who was alone until now may have asked for something since
      if (goesOn && !this.#isAsked()) return
      if (goesOn) continue
      // not for ever: somebody else may be alone by now, who waits for this one to notice
      Atomics.wait(words, this.#meeting + at.stopped, 1, lookMilliseconds)
    }
  }

  #serveAll(): void {
    if (Atomics.load(this.#words, this.#own + its.overflow) !== 0) this.#forgetAll()
    while (this.#isPosted()) this.#serveOne()
  }

  #isAsked(): boolean {
    return this.#isPosted() || Atomics.load(this.#words, this.#own + its.overflow) !== 0
  }

  #isPosted(): boolean {
    return Atomics.load(this.#words, this.#own + its.posted) !== this.#words[this.#own + its.done]
  }

  /** It sleeps: nobody waits for it. */
  park(): void {
    Atomics.store(this.#words, this.#own + its.state, state.parked)
    Atomics.notify(this.#words, this.#own + its.done)
  }

  /** It goes on. */
  unpark(): void {
    Atomics.store(this.#words, this.#own + its.state, state.running)
    this.serve()
  }

  // -- code ------------------------------------------------------------------------------------------------------

  /** Code of a page is about to be decoded: from here on nobody stores to it unseen. */
  announce(page: number): void {
    const number = this.#pageNumber(page)
    const { word, bit } = this.#coder
    if ((Atomics.or(this.#words, this.#codersAt(number) + word, bit) & bit) !== 0) return
    for (const other of this.#others) {
      const mayStore = (Atomics.load(this.#bytes, other.map.pageFlags + number) & pageFlag.written) !== 0
      if (mayStore) this.#withLock(() => this.#ask(other.words, asked.guard, page))
    }
  }

  /** There is no code of a page any more. */
  abandon(page: number): void {
    const { word, bit } = this.#coder
    Atomics.and(this.#words, this.#codersAt(this.#pageNumber(page)) + word, ~bit)
  }

  /** Whatever is stored to so many bytes from now on is seen, even while they are decoded. Gives how to keep that to the first so many. */
  mark(host: number, bytes: number): (kept: number) => void {
    const words = (this.#map.granules >>> 2) + this.#pageNumber(host) * 2
    const [low, high] = [this.#words[words]!, this.#words[words + 1]!]
    const first = (host & 0xfff) >>> granuleShift
    const lastOf = (count: number) => ((host & 0xfff) + count - 1) >>> granuleShift
    for (let granule = first; granule <= lastOf(bytes); granule += 1)
      Atomics.or(this.#words, words + (granule >>> 5), 1 << (granule & 31))
    return (kept) => {
      const left = [low, high]
      if (kept > 0)
        for (let granule = first; granule <= lastOf(kept); granule += 1) left[granule >>> 5]! |= 1 << (granule & 31)
      this.#words[words] = left[0]!
      this.#words[words + 1] = left[1]!
    }
  }

  /** Makes a store to one page; who has code there has it stale before it goes on. */
  storing(host: number, bytes: number, store: () => void): void {
    if (!this.#stops && this.#codersOf(host, bytes).length === 0) {
      store()
      Atomics.add(this.#words, this.#meeting + at.barrier, 0)
      // somebody may have begun to decode it in between
      if (this.#codersOf(host, bytes).length > 0) this.alone(() => this.#stale(host, bytes))
      return
    }
    this.alone(() => {
      store()
      this.#stale(host, bytes)
    })
  }

  // -- alone -----------------------------------------------------------------------------------------------------

  /** Does something while no other runs. */
  alone(act: () => void): void {
    const already = this.#stops
    if (!already) this.stop()
    act()
    if (!already) this.go()
  }

  /** Nobody else runs until `go`. */
  stop(): void {
    if (this.#stops) return
    this.#lock()
    this.#stops = true
    Atomics.store(this.#words, this.#meeting + at.stopped, 1)
    for (const { words } of this.#others)
      if (Atomics.load(this.#words, words + its.state) === state.running) this.#post(words, asked.nothing, 0)
    for (const other of this.#others) this.#await(other.words)
  }

  /** The others go on. */
  go(): void {
    if (!this.#stops) return
    this.#stops = false
    Atomics.store(this.#words, this.#meeting + at.stopped, 0)
    Atomics.notify(this.#words, this.#meeting + at.stopped)
    this.#unlock()
  }

  /** Those who have code there forget the page before they go on. */
  #stale(host: number, bytes: number): void {
    for (const other of this.#codersOf(host, bytes)) this.#post(other.words, asked.forget, host & ~0xfff)
  }

  #codersOf(host: number, bytes: number) {
    const number = this.#pageNumber(host)
    const at = this.#codersAt(number)
    const coders = [Atomics.load(this.#words, at), Atomics.load(this.#words, at + 1)]
    const { word, bit } = this.#coder
    coders[word]! &= ~bit
    if (coders[0] === 0 && coders[1] === 0) return nobody
    const [first, last] = [(host & 0xfff) >>> granuleShift, ((host & 0xfff) + bytes - 1) >>> granuleShift]
    return this.#others.filter(({ coder, map }) => {
      if ((coders[coder.word]! & coder.bit) === 0) return false
      for (let granule = first; granule <= last; granule += 1) {
        const word = (map.granules >>> 2) + number * 2 + (granule >>> 5)
        if ((Atomics.load(this.#words, word) & (1 << (granule & 31))) !== 0) return true
      }
      return false
    })
  }

  /** The first of the two words that say who has decoded code of a page. */
  #codersAt(page: number): number {
    return (this.#shared.coders + page * coderBytes) >>> 2
  }

  #pageNumber(host: number): number {
    return (host - this.#map.memoryBase) >>> 12
  }

  // -- asking ----------------------------------------------------------------------------------------------------

  #wordsOf(index: number): number {
    return (this.#shared.meeting >>> 2) + at.processors + index * itsWords
  }

  #withLock(act: () => void): void {
    this.#lock()
    act()
    this.#unlock()
  }

  /** Who waits for its turn to ask is asked itself. */
  #lock(): void {
    const place = this.#meeting + at.lock
    while (Atomics.compareExchange(this.#words, place, 0, 1) !== 0) {
      this.serve()
      Atomics.wait(this.#words, place, 1, lookMilliseconds)
    }
  }

  #unlock(): void {
    Atomics.store(this.#words, this.#meeting + at.lock, 0)
    Atomics.notify(this.#words, this.#meeting + at.lock, 1)
  }

  #ask(other: number, what: Asked, page: number): void {
    this.#post(other, what, page)
    this.#await(other)
  }

  #post(other: number, what: Asked, page: number): void {
    const words = this.#words
    const posted = words[other + its.posted]!
    const isFull = (posted - Atomics.load(words, other + its.done)) >>> 0 >= ringEntries
    if (isFull) return void Atomics.store(words, other + its.overflow, 1)
    const entry = other + its.ring + (posted % ringEntries) * 2
    words[entry] = what
    words[entry + 1] = page
    Atomics.store(words, other + its.posted, (posted + 1) % countsTo)
  }

  /** Until it has done everything, or sleeps. */
  #await(other: number): void {
    const words = this.#words
    for (;;) {
      const done = Atomics.load(words, other + its.done)
      const isDone = done === words[other + its.posted] && Atomics.load(words, other + its.overflow) === 0
      if (isDone || Atomics.load(words, other + its.state) === state.parked) return
      Atomics.wait(words, other + its.done, done, lookMilliseconds)
    }
  }

  #serveOne(): void {
    const words = this.#words
    const done = words[this.#own + its.done]!
    const entry = this.#own + its.ring + (done % ringEntries) * 2
    const page = words[entry + 1]! >>> 0
    if (words[entry] === asked.guard) this.#guard(page)
    else if (words[entry] === asked.forget) this.#act.forget(page)
    Atomics.store(words, this.#own + its.done, (done + 1) % countsTo)
    Atomics.notify(words, this.#own + its.done)
  }

  #guard(page: number): void {
    this.#act.guard(page)
    this.#bytes[this.#map.pageFlags + this.#pageNumber(page)]! &= ~pageFlag.written
  }

  /** So much was asked for that nobody knows what. */
  #forgetAll(): void {
    this.#act.forgetAll()
    const { pageFlags } = this.#map
    for (let page = 0; page < this.#pages; page += 1) this.#bytes[pageFlags + page]! &= ~pageFlag.written
    Atomics.store(this.#words, this.#own + its.overflow, 0)
    Atomics.notify(this.#words, this.#own + its.done)
  }
}

const granuleShift = Math.log2(granuleBytes)
/** Counts of what was asked begin again there: a multiple of the entries that there are. */
const countsTo = ringEntries << 20
const nobody: readonly never[] = []
