import type { Completion } from './completion.ts'
import type { Engine } from './engine-port.ts'
import type { Events } from './events.ts'
import type { VcpuExit } from './exit.ts'
import type { GuestDebug } from './guest-debug.ts'
import { waitsInL2 } from './nested/l2-events.ts'
import type { VmxOperation } from './nested/vmx-operation.ts'
import type { Observer } from './observer.ts'
import type { Tally } from './tally.ts'
import { countUnasked } from './unasked.ts'

/** After so many transitions somebody looks at what no guest can see: the host's clock, and who else wants the vCPU. */
const transitionsAtOnce = 256

/** What it looks at of a vCPU. */
export interface OnwardParts {
  readonly engine: Engine
  readonly events: Events
  readonly completion: Completion
  readonly debug: GuestDebug
  readonly observer: Observer | undefined
  readonly tally: Tally
  readonly vmx: VmxOperation
}

/** Transitions between L1 and L2 that an engine makes without coming back, where nothing has to be looked at between two instructions. */
export class Onward {
  readonly #parts: OnwardParts
  #left = 0

  constructor(parts: OnwardParts) {
    this.#parts = parts
  }

  /** A run of the engine begins: `freely`, if nobody waits for the instruction behind the next. */
  begin(freely: boolean): void {
    this.#left = freely ? transitionsAtOnce : 0
  }

  /** Whether one may be made now. */
  get isFree(): boolean {
    return this.#left > 0 && this.#parts.engine.quiet && !this.#isWatched()
  }

  /** What the engine does with faults: who wants to be told of each exception must be asked about each. */
  get faults(): 'stop' | 'deliver' {
    return this.#parts.vmx.inL2 ? 'stop' : this.faultsOfL1
  }

  get faultsOfL1(): 'stop' | 'deliver' {
    return this.#isWatched() ? 'stop' : 'deliver'
  }

  /** Whether somebody is told of each event, or debugs the guest. */
  #isWatched(): boolean {
    const { observer, debug } = this.#parts
    return observer?.traces === true || debug.isOn
  }

  /** What the engine did by itself is counted, for those whose it was: L1 or L2. */
  count(): void {
    const { engine, observer, tally } = this.#parts
    observer?.delivered(engine.takeDelivered())
    if (engine.known !== undefined) countUnasked(engine.known, tally, observer)
  }

  /** One has been made: its guest goes on at once, unless something is to be taken first, or the vCPU has come to an end. */
  made(exit: VcpuExit | undefined): void {
    const { engine, events, completion, observer, vmx } = this.#parts
    this.#left -= 1
    if (exit !== undefined) completion.prevent(exit)
    if (exit !== undefined || events.waits || waitsInL2(vmx)) return engine.resync()
    vmx.begin()
    observer?.enterHere()
  }
}
