import { copySaved, deliveryModes, type InterruptMessage, likeSaved, type Restored, type Saved } from '@vmm/device'
import { ApicTimer } from './apic-timer.ts'
import type { ApicRegisters, LocalApicOptions } from './options.ts'
import { ownRegisters } from './own-registers.ts'
import {
  apicError,
  lvtBits,
  lvtLevel,
  lvtMasked,
  lvtRemoteIrr,
  register,
  spuriousEnabled,
  spuriousWritable,
} from './registers.ts'
import { VectorSet } from './vector-set.ts'

const powerOn = {
  /** As it was saved: while it lives, its processor has it. */
  taskPriority: 0,
  spurious: 0xff,
  errorStatus: 0,
  /** Errors since the last write to the error status register. */
  errors: 0,
  lvt: [lvtMasked, lvtMasked, lvtMasked, lvtMasked, lvtMasked, lvtMasked],
  lint: [false, false],
  /** An ExtINT message came and the processor has not asked the PIC yet. */
  external: false,
}

const noWords = [0, 0, 0, 0, 0, 0, 0, 0]
const external = deliveryModes.indexOf('external') << 8

export const lvtIndex = { timer: 0, lint0: 3, lint1: 4, error: 5 } as const

/** What the unit calls when a vector ends. */
type OnEnd = (vector: number, trigger: 'edge' | 'level') => void

/**
 * What happens to interrupts inside a local APIC: priorities, the three vector sets, the local vector table, the timer and errors.
 * It knows nothing of how its registers are reached. Source: SDM 3A §11.5 and §11.8.
 */
export class InterruptUnit {
  readonly timer: ApicTimer
  readonly request = new VectorSet()
  readonly inService = new VectorSet()
  readonly triggerMode = new VectorSet()
  readonly #options: LocalApicOptions
  readonly #onEnd: OnEnd
  /** Told to forget before anything changes. */
  readonly registers: ApicRegisters
  #state: Restored<typeof powerOn>

  constructor(options: LocalApicOptions, onEnd: OnEnd) {
    this.#options = options
    this.registers = options.registers ?? ownRegisters()
    this.#onEnd = onEnd
    this.timer = new ApicTimer(options.clock, options.tsc, options.busNanoseconds ?? 1, () =>
      this.#deliverLocal(lvtIndex.timer),
    )
    this.#state = this.#fresh([false, false])
  }

  /** Takes its registers from outside, by number. Pins and requests for the PIC stay. */
  load(at: (number: number) => number): void {
    this.registers.forget()
    const row = (first: number, count: number) => Array.from({ length: count }, (_, index) => at(first + index))
    this.timer.load({
      mode: (at(register.lvtTimer) >> 17) & 3,
      divide: at(register.divide),
      initial: at(register.initialCount),
      count: at(register.currentCount),
    })
    this.registers.taskPriority = at(register.taskPriority) & 0xff
    this.#state.spurious = at(register.spurious) & spuriousWritable
    this.#state.errorStatus = at(register.errorStatus)
    this.#state.lvt = row(register.lvtTimer, lvtBits.length).map(
      (entry, index) => entry & (this.#writableOf(index) | (index === lvtIndex.timer ? 0 : lvtRemoteIrr)),
    )
    this.request.assign(row(register.request, 8))
    this.inService.assign(row(register.inService, 8))
    this.triggerMode.assign(row(register.triggerMode, 8))
  }

  /** The pins' levels are not the unit's to reset. */
  reset(): void {
    this.registers.forget()
    this.registers.taskPriority = 0
    this.#state = this.#fresh(this.#state.lint)
    for (const set of [this.request, this.inService, this.triggerMode]) set.clear()
    this.timer.reset()
  }

  get softwareEnabled(): boolean {
    return (this.#state.spurious & spuriousEnabled) !== 0
  }

  /** Source: SDM 3A §11.8.3.1 "Task and Processor Priorities". */
  get processorPriority(): number {
    const task = this.taskPriority
    const service = Math.max(0, this.inService.highest) & 0xf0
    return (task & 0xf0) >= service ? task : service
  }

  get taskPriority(): number {
    return this.registers.taskPriority
  }

  set taskPriority(value: number) {
    this.registers.forget()
    this.registers.taskPriority = value & 0xff
    const isIdle = this.request.highest < 0 && this.inService.highest < 0 && !this.externalPending()
    if (isIdle) this.registers.letWrite()
  }

  get spurious(): number {
    return this.#state.spurious
  }

  /** Disabling by software masks every LVT entry. Source: SDM 3A §11.4.7.2. */
  set spurious(value: number) {
    this.registers.forget()
    this.#state.spurious = value & spuriousWritable
    if (this.softwareEnabled) return
    this.timer.settle()
    for (const [index, entry] of this.#state.lvt.entries()) this.#state.lvt[index] = entry | lvtMasked
  }

  get errorStatus(): number {
    return this.#state.errorStatus
  }

  /** A write to the error status register shows what was collected, and arms the error interrupt again. */
  latchErrors(): void {
    this.registers.forget()
    this.#state.errorStatus = this.#state.errors
    this.#state.errors = 0
  }

  /** The error interrupt comes once until ESR is written. Source: SDM 3A §11.5.3. */
  reportError(error: number): void {
    this.registers.forget()
    const armed = this.#state.errors === 0
    this.#state.errors |= error
    if (armed) this.#deliverLocal(lvtIndex.error)
  }

  /** An LVT entry, 0 to 5; a masked one beyond. */
  lvt(index: number): number {
    return this.#state.lvt[index] ?? lvtMasked
  }

  writeLvt(index: number, value: number): void {
    this.registers.forget()
    if (index === lvtIndex.timer) this.timer.settle()
    const remote = (value & lvtLevel) !== 0 ? this.lvt(index) & lvtRemoteIrr : 0
    const forced = this.softwareEnabled ? 0 : lvtMasked
    this.#state.lvt[index] = (value & this.#writableOf(index)) | remote | forced
    if (index === lvtIndex.timer) this.timer.mode = (this.lvt(index) >> 17) & 3
    if (index === lvtIndex.lint0 && this.#state.lint[0] === true && this.#isLevelPin()) this.#deliverLocal(index)
  }

  /** The most urgent vector that the processor may take now, or -1. Source: SDM 3A §11.8.3. */
  pending(): number {
    const vector = this.request.highest
    return vector >= 0 && (vector & 0xf0) > (this.processorPriority & 0xf0) ? vector : -1
  }

  acknowledge(): number {
    const vector = this.pending()
    if (vector < 0) return this.#state.spurious & 0xff
    this.registers.forget()
    this.request.delete(vector)
    this.inService.add(vector)
    return vector
  }

  endOfInterrupt(): void {
    const vector = this.inService.highest
    if (vector < 0) return
    this.registers.forget()
    this.inService.delete(vector)
    const isLevel = this.triggerMode.has(vector)
    this.#onEnd(vector, isLevel ? 'level' : 'edge')
    if (!isLevel) return
    const entry = this.lvt(lvtIndex.lint0)
    if ((entry & lvtRemoteIrr) === 0 || (entry & 0xff) !== vector) return
    this.#state.lvt[lvtIndex.lint0] = entry & ~lvtRemoteIrr
    if (this.#state.lint[0] === true) this.#deliverLocal(lvtIndex.lint0)
  }

  acceptVector(vector: number, level: boolean): boolean {
    if (vector < 16 && this.#options.illegalVectors !== 'taken') {
      this.reportError(apicError.receiveIllegalVector)
      return false
    }
    this.registers.forget()
    if (level) this.triggerMode.add(vector)
    else this.triggerMode.delete(vector)
    this.request.add(vector)
    this.#options.onInterrupt?.()
    return true
  }

  /** Remembers a pin's level; returns whether it rose. */
  setPin(pin: 0 | 1, level: boolean): boolean {
    this.registers.forget()
    const rises = level && this.#state.lint[pin] !== true
    this.#state.lint[pin] = level
    return rises
  }

  /** Lets the rise of a pin do what its LVT entry says. */
  deliverPin(pin: 0 | 1): void {
    this.#deliverLocal(pin === 0 ? lvtIndex.lint0 : lvtIndex.lint1)
  }

  get lint0(): boolean {
    return this.#state.lint[0] === true
  }

  set external(requested: boolean) {
    this.registers.forget()
    this.#state.external = requested
  }

  /** Whether the processor should ask the PIC: LINT0 is high and set to ExtINT, or a message came. */
  externalPending(): boolean {
    return (this.lint0 && this.isExternalOpen) || this.#state.external
  }

  /** Whether LINT0 is set to ExtINT and not masked. */
  get isExternalOpen(): boolean {
    return (this.lvt(lvtIndex.lint0) & (lvtMasked | 0x700)) === external
  }

  save() {
    return {
      state: { ...copySaved(this.#state), taskPriority: this.taskPriority },
      request: this.request.words(),
      inService: this.inService.words(),
      triggerMode: this.triggerMode.words(),
      timer: this.timer.save(),
    } satisfies Saved
  }

  restore(name: string, saved: Saved): void {
    const sets = { request: noWords, inService: noWords, triggerMode: noWords }
    const example = { state: powerOn, ...sets, timer: this.timer.save() }
    const { state, request, inService, triggerMode, timer } = likeSaved(name, example, saved)
    this.timer.restore(timer)
    this.#state = state
    this.request.assign(request)
    this.inService.assign(inService)
    this.triggerMode.assign(triggerMode)
    this.taskPriority = state.taskPriority
  }

  #fresh(lint: boolean[]): Restored<typeof powerOn> {
    const lvt = powerOn.lvt.slice()
    if (this.#options.lint0AtReset === 'external') lvt[lvtIndex.lint0] = external
    return { ...powerOn, lvt, lint }
  }

  #writableOf(index: number): number {
    const writable = lvtBits[index]?.writable ?? 0
    return index === lvtIndex.timer && this.#options.tscDeadline === false ? writable & ~(1 << 18) : writable
  }

  #isLevelPin(): boolean {
    return (this.lvt(lvtIndex.lint0) & (lvtLevel | 0x700)) === lvtLevel
  }

  /** One of our own sources interrupts: the timer, a pin, an error. Source: SDM 3A §11.5.1. */
  #deliverLocal(index: number): void {
    const entry = this.lvt(index)
    if ((entry & lvtMasked) !== 0) return
    const vectored = index === lvtIndex.timer || index === lvtIndex.error
    const delivery: InterruptMessage['delivery'] | undefined = vectored ? 'fixed' : deliveryModes[(entry >> 8) & 7]
    if (delivery === 'nmi' || delivery === 'smi' || delivery === 'init') this.#options.onSignal?.({ kind: delivery })
    if (delivery === 'external') this.#options.onInterrupt?.()
    if (delivery !== 'fixed') return
    const level = index === lvtIndex.lint0 && this.#isLevelPin()
    if (level && (entry & lvtRemoteIrr) !== 0) return
    if (this.acceptVector(entry & 0xff, level) && level) this.#state.lvt[index] = entry | lvtRemoteIrr
  }
}
