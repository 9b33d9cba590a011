import { exceptions } from '@vmm/x86-registers'
import { accessKind } from './access.ts'
import { type Breakpoint, dataBreakpoints, hitBy } from './breakpoints.ts'
import type { StateView } from './state-view.ts'

/** What every access is looked at for: alignment checks and data breakpoints. Nothing, most of the time. */
export class Watching {
  readonly #state: StateView
  readonly #onHit: () => void
  #alignment = false
  #breakpoints: readonly Breakpoint[] = []
  #hits = 0

  constructor(state: StateView, onHit: () => void) {
    this.#state = state
    this.#onHit = onHit
  }

  /** Follows CR0.AM, RFLAGS.AC at CPL 3, and DR7. True while accesses must be looked at. */
  arm(checksAlignment: boolean): boolean {
    this.#alignment = checksAlignment && (this.#state.get('CR0') & (1n << 18n)) !== 0n
    this.#breakpoints = dataBreakpoints((index) => this.#state.get(`DR${index}`), Number(this.#state.get('DR7')))
    return this.#alignment || this.#breakpoints.length > 0
  }

  /** Looks at an access. False if it must not happen: #AC(0) has been noted. */
  passes(linear: bigint, bytes: number, kind: number): boolean {
    const byProgram = (kind & accessKind.processor) === 0
    if (this.#alignment && byProgram && bytes <= 8 && (linear & BigInt(bytes - 1)) !== 0n) {
      this.#state.noteFault(exceptions.AC.vector, 0)
      return false
    }
    const hits = hitBy(this.#breakpoints, BigInt.asUintN(64, linear), bytes, (kind & accessKind.write) !== 0)
    if (hits !== 0) {
      this.#hits |= hits
      this.#onHit()
    }
    return true
  }

  /** A debug trap that has no breakpoint: bits of DR6. */
  trap(why: number): void {
    this.#hits |= why
    this.#onHit()
  }

  /** Breakpoints met and traps asked for since the last look, as bits of DR6. */
  takeHits(): number {
    const hits = this.#hits
    this.#hits = 0
    return hits
  }
}
