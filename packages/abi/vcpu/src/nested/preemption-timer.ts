import { hasPinControl, pinBit, preemptionTimerRate as rate, type VmxState } from '@vmm/nested-vmx'
import type { VmxParts } from './vmx-parts.ts'

const most = 0xffff_ffffn
/** Instructions between two looks at a clock that does not say how it counts them. */
const betweenLooks = 1000

/**
 * The VMX-preemption timer of L2, as a deadline of L1's time-stamp counter.
 *
 * Source: SDM 3C 26.5.1 VMX-Preemption Timer; arch/x86/kvm/vmx/nested.c vmx_start_preemption_timer (Linux 6.12).
 */
export class PreemptionTimer {
  readonly #parts: VmxParts
  readonly #state: VmxState

  constructor(parts: VmxParts, state: VmxState) {
    this.#parts = parts
    this.#state = state
  }

  /** L2 is entered: it counts down what its VMCS says, if anything. */
  start(): void {
    this.#state.deadline = undefined
    this.resume()
  }

  /** L2 goes on: a deadline that user space has set stands. */
  resume(): void {
    const { vmcs, deadline } = this.#state
    const begun = (): bigint => ((this.#now() >> rate) + BigInt(vmcs.word('VMX_PREEMPTION_TIMER_VALUE'))) << rate
    this.#state.deadline = hasPinControl(vmcs, pinBit.PREEMPTION_TIMER) ? (deadline ?? begun()) : undefined
  }

  /** Whether it has run out. */
  get isOver(): boolean {
    const { deadline } = this.#state
    return deadline !== undefined && this.#now() >= deadline
  }

  /** What it shows. */
  get left(): number {
    const { deadline = 0n } = this.#state
    const ticks = (deadline >> rate) - (this.#now() >> rate)
    return Number(ticks < 0n ? 0n : ticks > most ? most : ticks)
  }

  /** After how many instructions to look at it again. */
  get instructions(): number {
    const { deadline, guestMode } = this.#state
    if (deadline === undefined || !guestMode) return Number.POSITIVE_INFINITY
    const { ticksPerInstruction = 0 } = this.#parts.machine()
    if (ticksPerInstruction === 0) return betweenLooks
    const ticks = Number(deadline - this.#now())
    return Math.max(1, Math.ceil(ticks / ticksPerInstruction))
  }

  #now(): bigint {
    return this.#parts.machine().timeStamp()
  }
}
