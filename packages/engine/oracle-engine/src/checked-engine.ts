import type { DebugRegisters } from '@vmm/oracle'
import type { Engine, EnginePorts, EngineStop } from '@vmm/vcpu'
import { Engine as Compiled, type GuestMachine, type SavedEngine } from '@vmm/wasm-engine'
import type { StateField } from '@vmm/x86-registers'
import type { Difference } from './difference.ts'
import { setWordOf, wordOf } from './processor-state.ts'
import { type Effect, RecordedPorts } from './recorded-ports.ts'
import { SliceJudge } from './slice-judge.ts'

/** How long a slice is that is run again, unless told. */
const usualLength = 1000

/** What is checked, and who wants to know. */
export interface CheckedEngineOptions {
  readonly machine: GuestMachine
  readonly ports: EnginePorts
  /** Makes the engine that is checked. Left out, one of `@vmm/wasm-engine` as it is made by itself. */
  readonly createEngine?: (made: { readonly machine: GuestMachine; readonly ports: EnginePorts }) => Compiled
  /** One slice of so many is run again. */
  readonly every: number
  /** Instructions of a slice. */
  readonly length?: number
  /** Told of the first difference. The engine goes on as it was, and nothing is checked any more: what follows may follow from it. */
  readonly onDifference: (difference: Difference) => void
}

/**
 * A compiled engine, of whose slices some are run again by the oracle, on memory as it was before them, and with the answers that they
 * got. Which ones goes by the count of instructions alone.
 */
export class CheckedEngine implements Engine {
  readonly #engine: Compiled
  readonly #asking: RecordedPorts
  readonly #judge: SliceJudge
  readonly #every: number
  readonly #length: number
  #delivered = 0
  #hits = 0
  /** A debugger's breakpoints are the vCPU's business, and nothing is checked while there are any. */
  #debugged = false
  #differs = false

  /** @throws {RangeError} if the machine has no room for one processor more. */
  constructor({ machine, ports, every, length = usualLength, onDifference, createEngine }: CheckedEngineOptions) {
    this.#every = every
    this.#length = length
    this.#asking = new RecordedPorts(ports)
    const made = { machine, ports: this.#asking.ports }
    this.#engine = createEngine?.(made) ?? new Compiled(made)
    const differs = (difference: Difference) => {
      this.#differs = true
      onDifference(difference)
    }
    this.#judge = new SliceJudge({ machine, engine: this.#engine, asking: this.#asking, onDifference: differs })
    const noteEffect = (effect: Effect) => this.#asking.noteEffect(effect)
    machine.onWrite.add((offset, bytes) =>
      noteEffect({ kind: 'memory', offset, bytes: machine.slots.memory.slice(offset, offset + bytes) }),
    )
  }

  /** Slices that have been run again. */
  get checked(): number {
    return this.#judge.checked
  }

  run(budget: number, faults: 'stop' | 'deliver' = 'stop'): EngineStop {
    const end = this.retired() + budget
    for (;;) {
      const count = this.retired()
      const slice = Math.floor(count / this.#length)
      const isChecked = !this.#debugged && !this.#differs && slice % this.#every === 0
      const next = isChecked ? slice + 1 : (Math.floor(slice / this.#every) + 1) * this.#every
      const most = Math.min(end, next * this.#length) - count
      const stop = isChecked ? this.#checkedRun(most, faults) : this.#engine.run(most, faults)
      if (stop.kind !== 'budget' || this.retired() >= end) return stop
    }
  }

  #checkedRun(budget: number, faults: 'stop' | 'deliver'): EngineStop {
    // what has been met before the slice is no part of it
    this.#hits |= this.#engine.takeDebugHits()
    this.#delivered += this.#engine.takeDelivered()
    const { stop, delivered, hits } = this.#judge.run(budget, faults)
    this.#hits |= hits
    this.#delivered += delivered
    return stop
  }

  takeDelivered(): number {
    const delivered = this.#delivered + this.#engine.takeDelivered()
    this.#delivered = 0
    return delivered
  }

  takeDebugHits(): number {
    const hits = this.#hits | this.#engine.takeDebugHits()
    this.#hits = 0
    return hits
  }

  // -- what is done to the engine while it asks is noted ------------------------------------------------------------

  set(field: StateField, value: bigint): void {
    this.#engine.set(field, value)
    this.#asking.noteEffect({ kind: 'field', field, value })
  }

  word(field: StateField): number {
    return wordOf(this, field)
  }

  setWord(field: StateField, value: number): void {
    setWordOf(this, field, value)
  }

  setGpr(index: number, value: bigint): void {
    this.#engine.setGpr(index, value)
    this.#asking.noteEffect({ kind: 'gpr', index, value })
  }

  setRflags(value: bigint): void {
    this.#engine.setRflags(value)
    this.#asking.noteEffect({ kind: 'rflags', value })
  }

  set addressSpace(space: 'ordinary' | 'smm') {
    this.#engine.addressSpace = space
    this.#judge.addressSpace = space
  }

  breakInstead(instead: DebugRegisters | undefined): void {
    this.#debugged = instead !== undefined
    this.#engine.breakInstead(instead)
  }

  /**
   * Takes back what `save` gave. The vCPU's state must have been restored before.
   * @throws {RangeError} if another version, or an engine with other memory, has saved it.
   */
  restore(saved: SavedEngine, what: 'machine' | 'processor' = 'machine'): void {
    this.#engine.restore(saved, what)
    this.#judge.forget()
  }

  // -- the engine's own ---------------------------------------------------------------------------------------------

  get(field: StateField): bigint {
    return this.#engine.get(field)
  }

  gpr(index: number): bigint {
    return this.#engine.gpr(index)
  }

  rflags(): bigint {
    return this.#engine.rflags()
  }

  vector(index: number): Uint8Array {
    return this.#engine.vector(index)
  }

  x87(physical: number): Uint8Array {
    return this.#engine.x87(physical)
  }

  modeChanged(): void {
    this.#engine.modeChanged()
  }

  flushTranslations(): void {
    this.#engine.flushTranslations()
  }

  useTranslations(...space: Parameters<Engine['useTranslations']>): void {
    this.#engine.useTranslations(...space)
  }

  forgetTranslations(...which: Parameters<Engine['forgetTranslations']>): void {
    this.#engine.forgetTranslations(...which)
  }

  physical(address: number): Uint8Array | undefined {
    return this.#engine.physical(address)
  }

  writePhysical(address: number, bytes: Uint8Array): boolean {
    return this.#engine.writePhysical(address, bytes)
  }

  retired(): number {
    return this.#engine.retired()
  }

  executing(): { readonly rip: bigint; readonly next: bigint } {
    return this.#engine.executing()
  }

  get executingBytes(): number {
    return this.#engine.executingBytes
  }

  executingCode(): Uint8Array {
    return this.#engine.executingCode()
  }

  get linearRip(): bigint {
    return this.#engine.linearRip
  }

  skip(bytes: number): void {
    this.#engine.skip(bytes)
  }

  resync(): void {
    this.#engine.resync()
  }

  get interruptFlag(): boolean {
    return this.#engine.interruptFlag
  }

  get eventPending(): boolean {
    return this.#engine.eventPending
  }

  set eventPending(pending: boolean) {
    this.#engine.eventPending = pending
  }

  get interruptible(): boolean {
    return this.#engine.interruptible
  }

  get shadowed(): boolean {
    return this.#engine.shadowed
  }

  get quiet(): boolean {
    return this.#engine.quiet
  }

  save(what: 'machine' | 'processor' = 'machine'): SavedEngine {
    return this.#engine.save(what)
  }

  get delivers(): boolean {
    return this.#engine.delivers
  }

  deliver(...event: Parameters<Engine['deliver']>): ReturnType<Engine['deliver']> {
    return this.#engine.deliver(...event)
  }
}
