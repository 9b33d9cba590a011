import { type Request, requests, threadStates } from './board-layout.ts'
import type { BoardWords } from './board-words.ts'

/** Words of each thread. */
const its = {
  bell: 0,
  state: 1,
  wakes: 2,
  asked: 3,
  place: 4,
  size: 6,
  value: 7,
  /** A double: when it wakes by itself. */
  deadline: 8,
  /** A bit for each of its processors, by its number there: something has come for it. */
  mail: 10,
} as const
export const wordsOfThread = 32
/** Between two looks at whether the machine has come to an end meanwhile. */
const lookMilliseconds = 100

/** The words of a thread that runs vCPUs. */
export class ThreadWords {
  readonly #board: BoardWords
  readonly #words: Int32Array
  readonly #base: number
  readonly #deadline: Float64Array

  constructor(board: BoardWords, base: number) {
    this.#board = board
    this.#words = board.words
    this.#base = base
    this.#deadline = new Float64Array(board.buffer, (base + its.deadline) * 4, 1)
  }

  get bell(): number {
    return Atomics.load(this.#words, this.#base + its.bell)
  }

  /** It looks at what has come. */
  ring(): void {
    Atomics.add(this.#words, this.#base + its.bell, 1)
    Atomics.notify(this.#words, this.#base + its.bell)
  }

  /** Until it rings after `seen`, or for so long. */
  waitForRing(seen: number, milliseconds: number): void {
    Atomics.wait(this.#words, this.#base + its.bell, seen, milliseconds)
  }

  get state(): number {
    return Atomics.load(this.#words, this.#base + its.state)
  }

  set state(value: number) {
    Atomics.store(this.#words, this.#base + its.state, value)
    Atomics.notify(this.#words, this.#base + its.state)
  }

  /** It can take what is sent to it, or need not any more. */
  waitUntilThere(): void {
    while (this.state === threadStates.new && this.#board.runs)
      Atomics.wait(this.#words, this.#base + its.state, threadStates.new, lookMilliseconds)
  }

  /** Whether an interrupt would wake one of its processors. */
  get wakes(): boolean {
    return Atomics.load(this.#words, this.#base + its.wakes) !== 0
  }

  set wakes(value: boolean) {
    Atomics.store(this.#words, this.#base + its.wakes, value ? 1 : 0)
  }

  /** When a timer of its own wakes it, while it is idle. */
  get deadline(): number {
    return this.#deadline[0]!
  }

  set deadline(nanoseconds: number) {
    this.#deadline[0] = nanoseconds
  }

  // -- its mail --------------------------------------------------------------------------------------------------

  /** Something has come for one of its processors. */
  deliver(number: number): void {
    Atomics.or(this.#words, this.#base + its.mail + (number >>> 5), 1 << (number & 31))
    this.ring()
  }

  /** Tells each of its processors that something has come for, once. */
  takeMail(tell: (number: number) => void): void {
    for (let word = 0; word < 2; word += 1) {
      const place = this.#base + its.mail + word
      if (Atomics.load(this.#words, place) === 0) continue
      let bits = Atomics.exchange(this.#words, place, 0)
      for (; bits !== 0; bits &= bits - 1) tell(word * 32 + 31 - Math.clz32(bits & -bits))
    }
  }

  // -- what it asks ----------------------------------------------------------------------------------------------

  /** Asks the machine's thread, and waits for its answer. */
  ask(request: Request, place: number, size: number, value: number): number {
    const [words, base] = [this.#words, this.#base]
    words[base + its.place] = place % 2 ** 32
    words[base + its.place + 1] = place / 2 ** 32
    words[base + its.size] = size
    words[base + its.value] = value
    Atomics.store(words, base + its.asked, request)
    this.#board.ring()
    while (Atomics.load(words, base + its.asked) === request) Atomics.wait(words, base + its.asked, request)
    return words[base + its.value]! >>> 0
  }

  /** What it asks. */
  get asked(): number {
    return Atomics.load(this.#words, this.#base + its.asked)
  }

  get question(): { readonly place: number; readonly size: 1 | 2 | 4; readonly value: number } {
    const [words, base] = [this.#words, this.#base]
    const place = (words[base + its.place]! >>> 0) + words[base + its.place + 1]! * 2 ** 32
    return { place, size: words[base + its.size] as 1 | 2 | 4, value: words[base + its.value]! >>> 0 }
  }

  answer(value: number): void {
    this.#words[this.#base + its.value] = value
    Atomics.store(this.#words, this.#base + its.asked, requests.none)
    Atomics.notify(this.#words, this.#base + its.asked)
  }
}
