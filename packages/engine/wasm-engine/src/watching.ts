import { exceptions } from '@vmm/x86-registers'
import { accessKind } from './access.ts'
import { type Breakpoint, dataBreakpoints, hasInstructionBreakpoint, hitBy, portBreakpoints } from './breakpoints.ts'
import type { StateView } from './state-view.ts'

/** Breakpoints as the debug registers tell them. */
export interface WatchedFor {
  readonly address: (index: 0 | 1 | 2 | 3) => bigint
  readonly dr7: number
}

/** What every access is looked at for: alignment checks and data breakpoints. Nothing, most of the time. */
export class Watching {
  readonly #state: StateView
  readonly #onHit: () => void
  #alignment = false
  #breakpoints: readonly Breakpoint[] = []
  #ports: readonly Breakpoint[] = []
  #hits = 0
  /** A debugger's breakpoints, which are watched for in place of the guest's. */
  instead: WatchedFor | undefined
  /** Some instruction breakpoint is enabled: they are met by whoever runs instructions one by one. */
  breaksInstructions = false

  constructor(state: StateView, onHit: () => void) {
    this.#state = state
    this.#onHit = onHit
  }

  /** Nothing is watched for, and nobody may come to watch without telling. */
  get isIdle(): boolean {
    const quiet = this.#breakpoints.length === 0 && this.#ports.length === 0 && !this.breaksInstructions
    return quiet && !this.#alignment && this.instead === undefined
  }

  /** Follows CR0.AM, RFLAGS.AC at CPL 3, and DR7. True while accesses must be looked at. */
  arm(checksAlignment: boolean): boolean {
    this.#alignment = checksAlignment && (this.#state.get('CR0') & (1n << 18n)) !== 0n
    const { address, dr7 } = this.instead ?? this.#own()
    this.#breakpoints = dataBreakpoints(address, dr7)
    this.#ports = (this.#state.get('CR4') & 8n) === 0n ? [] : portBreakpoints(address, dr7)
    this.breaksInstructions = hasInstructionBreakpoint(dr7)
    return this.#alignment || this.#breakpoints.length > 0
  }

  #own(): WatchedFor {
    return { address: (index) => this.#state.get(`DR${index}`), dr7: Number(this.#state.get('DR7')) }
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

  /** Looks at ports that are read or written. */
  port(port: number, bytes: number): void {
    if (this.#ports.length === 0) return
    const hits = hitBy(this.#ports, BigInt(port), bytes, true)
    if (hits !== 0) this.trap(hits)
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
