import { type DebugRegisters, Oracle, type StepResult } from '@vmm/oracle'
import type { Engine, EnginePorts, EngineStop } from '@vmm/vcpu'
import { type GuestMachine, Engine as Keeper, type SavedEngine } from '@vmm/wasm-engine'
import { rflags, type StateField, type TranslationSpace } from '@vmm/x86-registers'
import { unanswered } from '@vmm/x86-semantics'
import { giveState, setWordOf, takeState, wordOf } from './processor-state.ts'

const flag = (name: 'IF' | 'TF'): bigint => 1n << BigInt(rflags[name].low)
/** L0 to G3: some breakpoint is enabled. */
const enabled = 0xffn

/** What the oracle runs on, and whom it asks. */
export interface OracleEngineOptions {
  readonly machine: GuestMachine
  readonly ports: EnginePorts
  /** Instructions after which a run comes back though more might be run, so that whoever runs it can look around; none unless told. */
  readonly breath?: number | undefined
}

/**
 * The oracle as the engine of a vCPU: one instruction at a time, on the memory of a machine that other processors may run too. Between
 * runs its state lies where a compiled processor's does, so that either can go on from the other.
 */
export class OracleEngine implements Engine {
  readonly #keeper: Keeper
  readonly #oracle: Oracle
  readonly #breath: number
  #runs = false
  #delivers = false
  #resync = false
  #hits = 0
  #space: 'ordinary' | 'smm' = 'ordinary'
  #instead: DebugRegisters | undefined
  eventPending = false

  /** @throws {RangeError} if the machine has no room for one processor more. */
  constructor({ machine, ports, breath = Number.POSITIVE_INFINITY }: OracleEngineOptions) {
    this.#breath = breath
    this.#keeper = new Keeper({ machine, ports })
    const slots = () => (this.#space === 'smm' ? machine.smmSlots : machine.slots)
    const read = (address: number) => slots().at(address)?.[0]
    const write = (address: number, byte: number) =>
      slots().takesStores(address) && slots().writeAt(address, Uint8Array.of(byte))
    this.#oracle = new Oracle({ memory: { read, write }, ports })
  }

  get(field: StateField): bigint {
    return this.#runs ? this.#oracle.state.get(field) : this.#keeper.get(field)
  }

  set(field: StateField, value: bigint): void {
    if (this.#runs) this.#oracle.state.set(field, value)
    else this.#keeper.set(field, value)
  }

  gpr(index: number): bigint {
    return this.#runs ? this.#oracle.state.gprs[index]! : this.#keeper.gpr(index)
  }

  word(field: StateField): number {
    return wordOf(this, field)
  }

  setWord(field: StateField, value: number): void {
    setWordOf(this, field, value)
  }

  setGpr(index: number, value: bigint): void {
    if (this.#runs) this.#oracle.state.gprs[index] = BigInt.asUintN(64, value)
    else this.#keeper.setGpr(index, value)
  }

  rflags(): bigint {
    return this.#runs ? this.#oracle.state.rflags : this.#keeper.rflags()
  }

  setRflags(value: bigint): void {
    if (this.#runs) this.#oracle.state.rflags = value
    else this.#keeper.setRflags(value)
  }

  /** The bytes of a vector register, between runs. */
  vector(index: number): Uint8Array {
    return this.#keeper.vector(index)
  }

  /** An x87 register by physical number, between runs. */
  x87(physical: number): Uint8Array {
    return this.#keeper.x87(physical)
  }

  /** Nothing is derived while it runs. */
  modeChanged(): void {
    if (!this.#runs) this.#keeper.modeChanged()
  }

  breakInstead(instead: DebugRegisters | undefined): void {
    this.#instead = instead
    this.#oracle.breakInstead(instead)
  }

  /** It remembers no translations. */
  flushTranslations(): void {
    if (!this.#runs) this.#keeper.flushTranslations()
  }

  useTranslations(space: TranslationSpace): void {
    this.#keeper.useTranslations(space)
  }

  forgetTranslations(): void {}

  physical(address: number): Uint8Array | undefined {
    return this.#keeper.physical(address)
  }

  writePhysical(address: number, bytes: Uint8Array): boolean {
    return this.#keeper.writePhysical(address, bytes)
  }

  set addressSpace(space: 'ordinary' | 'smm') {
    this.#space = space
    this.#keeper.addressSpace = space
  }

  retired(): number {
    return this.#oracle.retired
  }

  executing(): { readonly rip: bigint; readonly next: bigint } {
    return this.#oracle.executing()
  }

  get executingBytes(): number {
    const { rip, next } = this.executing()
    return Number(BigInt.asUintN(8, next - rip))
  }

  executingCode(): Uint8Array {
    return this.#oracle.executingCode()
  }

  /** Between runs. */
  get linearRip(): bigint {
    return this.#keeper.linearRip
  }

  skip(bytes: number): void {
    this.#keeper.skip(bytes)
    this.#oracle.countFrom(this.retired() + 1)
  }

  resync(): void {
    this.#resync = true
  }

  get interruptFlag(): boolean {
    return (this.get('RFLAGS') & flag('IF')) !== 0n
  }

  get interruptible(): boolean {
    return this.interruptFlag && !this.shadowed
  }

  get shadowed(): boolean {
    return this.get('SHADOW') === BigInt(this.retired())
  }

  get quiet(): boolean {
    const dr7 = this.#instead === undefined ? this.get('DR7') & enabled : enabled
    return (this.get('RFLAGS') & flag('TF')) === 0n && dr7 === 0n && this.get('PENDING_DEBUG') === 0n
  }

  /** Memory, the count of instructions and translations, of which there are none; of one of several, `processor` leaves memory out. */
  save(what: 'machine' | 'processor' = 'machine'): SavedEngine {
    return { ...this.#keeper.save(what), retired: this.retired() }
  }

  /**
   * Takes back what `save` gave, here or elsewhere. The vCPU's state must have been restored before.
   * @throws {RangeError} if another version, or an engine with other memory, has saved it.
   */
  restore(saved: SavedEngine, what: 'machine' | 'processor' = 'machine'): void {
    this.#keeper.restore(saved, what)
    this.#oracle.countFrom(saved.retired)
  }

  /** Runs at most so many instructions. Faults always stop it. */
  run(budget: number): EngineStop {
    const end = this.retired() + Math.min(budget, this.#breath)
    return this.#within(() => {
      this.#resync = false
      while (this.retired() < end) {
        const result = this.#oracle.step()
        this.#hits |= this.#oracle.takeDebugHits()
        if (result.kind !== 'done') return stopOf(result)
        if (this.#mustBeLookedAt()) return { kind: 'events' }
      }
      return { kind: 'budget' }
    })
  }

  takeDelivered(): number {
    return 0
  }

  takeDebugHits(): number {
    const hits = this.#hits
    this.#hits = 0
    return hits
  }

  get delivers(): boolean {
    return this.#delivers
  }

  deliver(
    vector: number,
    kind: number,
    errorCode: number | undefined,
    returnRip: bigint,
  ): { readonly vector: number; readonly errorCode: number | undefined; readonly moved: boolean } | undefined {
    return this.#within(() => {
      const before = this.#task()
      this.#delivers = true
      const result = this.#oracle.deliver(vector, kind, errorCode, returnRip)
      this.#delivers = false
      this.#hits |= this.#oracle.takeDebugHits()
      const moved = this.#task() !== before
      if (result.kind === 'fault') return { vector: result.vector, errorCode: result.errorCode, moved }
      return result.kind === 'waiting' ? { vector: unanswered, errorCode: undefined, moved } : undefined
    })
  }

  /** Whoever runs it has something to look at before the next instruction. */
  #mustBeLookedAt(): boolean {
    return this.#resync || this.#hits !== 0 || !this.quiet || (this.eventPending && this.interruptible)
  }

  /** Which task it is in: what a delivery that faults has changed of that stays. */
  #task(): string {
    return `${this.get('TR.selector')} ${this.get('RIP')}`
  }

  /** The oracle has the state as long as something is done with it. */
  #within<T>(act: () => T): T {
    takeState(this.#oracle.state, this.#keeper)
    this.#runs = true
    try {
      return act()
    } finally {
      this.#runs = false
      giveState(this.#oracle.state, this.#keeper)
      this.#keeper.modeChanged()
    }
  }
}

function stopOf(result: Exclude<StepResult, { kind: 'done' }>): EngineStop {
  if (result.kind !== 'exit') return result
  return { kind: 'exit', reason: result.reason as Extract<EngineStop, { kind: 'exit' }>['reason'] }
}
