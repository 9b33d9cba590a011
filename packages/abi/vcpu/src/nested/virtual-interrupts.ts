import {
  vmcs12Offsets as at,
  bytesAt,
  hasPinControl,
  hasPrimaryControl,
  hasSecondaryControl,
  pinBit,
  primaryBit,
  virtualApicRegisters as register,
  secondaryBit,
  type Vmcs12Field,
  type VmxState,
} from '@vmm/nested-vmx'
import type { VirtualApicPage } from './virtual-apic-page.ts'
import type { VmxParts } from './vmx-parts.ts'

/** The upper half of a vector or of a priority. */
const classOf = (priority: number): number => priority & 0xf0

/** A posted-interrupt descriptor: 256 requests, and whether there are any. Source: SDM 3C 30.6, Table 30-1. */
const descriptor = { bytes: 64, requests: 8, outstanding: 8, free: 63 } as const
const eoiExits: readonly Vmcs12Field[] = [
  'EOI_EXIT_BITMAP0',
  'EOI_EXIT_BITMAP1',
  'EOI_EXIT_BITMAP2',
  'EOI_EXIT_BITMAP3',
]

/**
 * Interrupts that the processor delivers to L2 by itself.
 *
 * Source: SDM 3C 30.1.3 to 30.1.5; 30.2 Evaluation and Delivery of Virtual Interrupts; 30.6 Posted-Interrupt Processing.
 */
export class VirtualInterrupts {
  readonly #parts: VmxParts
  readonly #state: VmxState
  readonly #page: VirtualApicPage
  readonly #status: InterruptStatus
  #recognized = false

  constructor(parts: VmxParts, state: VmxState, page: VirtualApicPage) {
    this.#parts = parts
    this.#state = state
    this.#page = page
    this.#status = new InterruptStatus(state)
  }

  /** Whether the VMCS wants them. */
  get areOn(): boolean {
    return hasSecondaryControl(this.#state.vmcs, secondaryBit.VIRTUAL_INTERRUPTS)
  }

  /** Whether one waits for L2 to let interrupts through. */
  get isRecognized(): boolean {
    return this.#recognized && this.#state.guestMode
  }

  /** Whether one is delivered before the next instruction. */
  get isDue(): boolean {
    return this.isRecognized && this.#parts.engine().interruptible
  }

  /** The task priority is another one, or L2 has been entered. */
  reprioritize(): void {
    this.#prioritize()
    this.#evaluate()
  }

  /** L2 ends what it serves. Gives its vector where that is for L1 to hear of. Source: SDM 3C 30.1.4 EOI Virtualization. */
  end(): number | undefined {
    const vector = this.#status.serving
    this.#page.setVector(register.VISR, vector, false)
    this.#status.serving = this.#page.highest(register.VISR)
    this.#prioritize()
    const bitmap = this.#state.vmcs.read(eoiExits[vector >>> 6]!)
    if (((bitmap >> BigInt(vector & 63)) & 1n) !== 0n) return vector
    this.#evaluate()
    return undefined
  }

  /** L2 sends an interrupt to itself. Source: SDM 3C 30.1.5 Self-IPI Virtualization. */
  request(vector: number): void {
    this.#page.setVector(register.VIRR, vector, true)
    this.#status.requested = Math.max(this.#status.requested, vector)
    this.#evaluate()
  }

  /** Takes the one that is due: its vector. Source: SDM 3C 30.2.2 Virtual-Interrupt Delivery. */
  take(): number {
    const vector = this.#status.requested
    this.#page.setVector(register.VISR, vector, true)
    this.#status.serving = vector
    this.#page.setWord(register.VPPR, classOf(vector))
    this.#page.setVector(register.VIRR, vector, false)
    this.#status.requested = this.#page.highest(register.VIRR)
    this.#recognized = false
    return vector
  }

  /** Whether an interrupt that was acknowledged says that others were posted. */
  isNotifiedBy(vector: number): boolean {
    const { vmcs } = this.#state
    return hasPinControl(vmcs, pinBit.POSTED_INTERRUPTS) && vector === vmcs.word('POSTED_INTR_NV')
  }

  /** Takes what was posted. Others may be posting now, on processors that run at the same time. Source: SDM 3C 30.6, steps 3 to 7. */
  takePosted(): void {
    const engine = this.#parts.engine()
    const address = this.#state.vmcs.read('POSTED_INTR_DESC_ADDR')
    const found = bytesAt(engine, address, descriptor.bytes)
    if (found === undefined) return
    const posted = new Int32Array(found.buffer, found.byteOffset, descriptor.bytes / Int32Array.BYTES_PER_ELEMENT)
    Atomics.and(posted, descriptor.outstanding, ~1)
    for (let number = 0; number < descriptor.requests; number += 1) {
      const vectors = Atomics.exchange(posted, number, 0)
      if (vectors === 0) continue
      this.#page.addVectors(register.VIRR, number, vectors)
      this.#status.requested = Math.max(this.#status.requested, number * 32 + 31 - Math.clz32(vectors))
    }
    // whoever follows stores to the page hears of it: a byte that nobody changes is stored again
    engine.writePhysical(Number(address) + descriptor.free, found.slice(descriptor.free))
    this.#evaluate()
  }

  /** L2 has been left, or is another one. */
  forget(): void {
    this.#recognized = false
  }

  /** Source: SDM 3C 30.2.1 Evaluation of Pending Virtual Interrupts. */
  #evaluate(): void {
    const isHigher = classOf(this.#status.requested) > classOf(this.#page.word(register.VPPR))
    this.#recognized = isHigher && !hasPrimaryControl(this.#state.vmcs, primaryBit.INTERRUPT_WINDOW_EXITING)
    if (this.#recognized) this.#parts.engine().resync()
  }

  /** Source: SDM 3C 30.1.3 PPR Virtualization. */
  #prioritize(): void {
    const [own, served] = [this.#page.word(register.VTPR) & 0xff, classOf(this.#status.serving)]
    this.#page.setWord(register.VPPR, classOf(own) >= served ? own : served)
  }
}

/** The guest interrupt status of the current VMCS. Source: SDM 3C 25.4.2. */
class InterruptStatus {
  readonly #state: VmxState

  constructor(state: VmxState) {
    this.#state = state
  }

  /** RVI: the highest vector that is requested. */
  get requested(): number {
    return this.#state.vmcs.halfAt(at.GUEST_INTR_STATUS) & 0xff
  }

  set requested(vector: number) {
    this.#state.vmcs.setHalfAt(at.GUEST_INTR_STATUS, (this.serving << 8) | vector)
  }

  /** SVI: the highest that is in service. */
  get serving(): number {
    return this.#state.vmcs.halfAt(at.GUEST_INTR_STATUS) >>> 8
  }

  set serving(vector: number) {
    this.#state.vmcs.setHalfAt(at.GUEST_INTR_STATUS, (vector << 8) | this.requested)
  }
}
