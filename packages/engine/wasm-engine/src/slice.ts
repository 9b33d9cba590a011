import { at, inBlock, inRecord } from './state-layout.ts'
import type { StateView } from './state-view.ts'

/** After so many exceptions without a look at what is pending, emitted code comes back. */
const deliveriesAtOnce = 4096

/** Compiled code gets no faster while it runs: it is left after so many instructions, for its better version. */
export const longestSlice = 1 << 20

/** Counts instructions. Emitted code pays for a block when it enters it; here is what of that was really retired. */
export class Slice {
  readonly #state: StateView
  readonly #view: DataView
  #retired = 0
  #given = 0
  #stolen = 0
  #running = false

  constructor(state: StateView, buffer: SharedArrayBuffer) {
    this.#state = state
    this.#view = new DataView(buffer)
  }

  get running(): boolean {
    return this.#running
  }

  /** Instructions retired so far, exact also in the middle of one that asked the surroundings. */
  get retired(): number {
    return this.#running ? this.#retired + this.#given - this.#left() - this.#ahead() : this.#retired
  }

  /** The count goes on from here: a snapshot was taken then. */
  countFrom(retired: number): void {
    this.#retired = retired
  }

  /** Whether emitted code may deliver exceptions by itself, where it has a budget. */
  faults: 'stop' | 'deliver' = 'stop'

  /** Emitted code may now spend `budget`; of `given` instructions, those that it leaves are not retired. */
  begin(given: number, budget = given): void {
    this.#given = given
    this.#stolen = 0
    this.#state.budget = budget
    this.#noteEnd()
    this.#state.setWord(at.mayDeliver, budget > 0 && this.faults === 'deliver' ? deliveriesAtOnce : 0)
    this.#running = true
  }

  /** Takes the rest of the budget away, so that emitted code comes back at the end of its block. */
  stop(): void {
    this.#stolen += this.#state.budget
    this.#state.budget = 0
    this.#noteEnd()
    this.#state.setWord(at.mayDeliver, 0)
  }

  /** Emitted code came back. Gives what it left, and whether the budget had been taken away. */
  end(): { readonly left: number; readonly stopped: boolean } {
    this.#running = false
    const left = this.#left()
    this.#retired += this.#given - left
    return { left, stopped: this.#stolen > 0 }
  }

  /** A fault: its instruction and those behind it in the block were paid for and did not retire. */
  refund(): void {
    this.#retired -= this.#ahead()
  }

  /**
   * The instruction under execution has not happened, or is over as it is, and nothing of its block is left: state may be what it likes, as
   * between two instructions, when emitted code goes on. Gives how many bytes it has; 0, and nothing is done, where emitted code is to come back.
   */
  abandon(next: 'again' | 'behind', faults: 'stop' | 'deliver'): number {
    if (!this.#running || this.#stolen > 0) return 0
    const state = this.#state
    const [budget, bytes] = [state.budget + this.#ahead(), state.executingBytes]
    if (next === 'again') state.goBack()
    else state.goBehind()
    state.standOutside()
    state.budget = next === 'again' ? budget : budget - 1
    this.faults = faults
    state.setWord(at.mayDeliver, faults === 'deliver' ? deliveriesAtOnce : 0)
    return bytes
  }

  /** An instruction has been done by somebody outside: it is paid for. */
  countOne(): void {
    if (this.#running) this.#state.budget -= 1
    else this.#retired += 1
  }

  /** From there emitted code can tell how many were retired. */
  #noteEnd(): void {
    this.#state.setCount(at.sliceEnd, this.#retired + this.#given - this.#stolen)
  }

  #left(): number {
    return this.#state.budget + this.#stolen
  }

  /** Instructions of the block from the current one on. */
  #ahead(): number {
    const block = this.#state.word(at.block)
    const record = this.#state.word(at.record)
    return this.#view.getUint32(block + inBlock.count, true) - this.#view.getUint8(record + inRecord.index)
  }
}
