import { bytesAt, exitNumbers, hasPrimaryControl, type VmxState } from '@vmm/nested-vmx'
import type { L2Exit } from './l2-exit.ts'
import type { VmxParts } from './vmx-parts.ts'

/** Where the task priority is in a virtual-APIC page. */
const vtpr = 0x80n

/**
 * CR8 of L2 where the TPR is shadowed: it is in the virtual-APIC page of L1's.
 *
 * Source: SDM 3C 30.1.1 Virtualized APIC Registers; 30.3 Virtualizing CR8-Based TPR Accesses.
 */
export class VirtualTaskPriority {
  readonly #parts: VmxParts
  readonly #state: VmxState
  /** It has fallen below what L1 wants to be told of. */
  #isBelow = false

  constructor(parts: VmxParts, state: VmxState) {
    this.#parts = parts
    this.#state = state
  }

  /** What CR8 reads as; undefined where it is not shadowed. */
  get value(): number | undefined {
    if (!this.#isShadowed) return undefined
    return (this.#page?.[0] ?? 0) >> 4
  }

  /** CR8 is written. False where it is not shadowed. */
  write(value: number): boolean {
    if (!this.#isShadowed) return false
    const engine = this.#parts.engine()
    engine.writePhysical(Number(this.#address), Uint8Array.of((value & 15) << 4, 0, 0, 0))
    this.#compare(value)
    if (this.#isBelow) engine.resync()
    return true
  }

  /** L2 has been entered. */
  entered(): void {
    this.#isBelow = false
    const { value } = this
    if (value !== undefined) this.#compare(value)
  }

  /** The exit that is due for it. */
  take(): L2Exit | undefined {
    if (!this.#isBelow) return undefined
    this.#isBelow = false
    return { reason: exitNumbers.TPR_BELOW_THRESHOLD }
  }

  #compare(value: number): void {
    this.#isBelow = value < (this.#state.vmcs.word('TPR_THRESHOLD') & 15)
  }

  get #isShadowed(): boolean {
    return this.#state.guestMode && hasPrimaryControl(this.#state.vmcs, 'TPR_SHADOW')
  }

  get #address(): bigint {
    return this.#state.vmcs.read('VIRTUAL_APIC_PAGE_ADDR') + vtpr
  }

  get #page(): Uint8Array | undefined {
    return bytesAt(this.#parts.engine(), this.#address, 4)
  }
}
