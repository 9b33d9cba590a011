import type { StateField, StateMemory, TranslationSpace } from '@vmm/x86-registers'
import { secondLevelFault, unanswered } from '@vmm/x86-semantics'
import { CodeBytes } from './code-bytes.ts'
import { codeModeOf, maskingOf, pcidOf } from './code-mode.ts'
import { DerivedState } from './derived-state.ts'
import { answersFrom } from './engine-answers.ts'
import type { EngineOptions } from './engine-options.ts'
import { runDelivery } from './event-delivery.ts'
import { GuestMachine } from './guest-machine.ts'
import type { GuestSlots } from './guest-slots.ts'
import { HostAnswers } from './host-answers.ts'
import { KnownAnswers } from './known-answers.ts'
import { alone, type CodeMode } from './mode-word.ts'
import { MonitoredLine } from './monitored-line.ts'
import { OddAccesses } from './odd-accesses.ts'
import { exitReasons, status } from './runtime.ts'
import { longestSlice, Slice } from './slice.ts'
import { checkSnapshot, restoreMachine, type SavedEngine, savedMachine, snapshot } from './snapshot.ts'
import { at } from './state-layout.ts'
import { movesCompiler } from './state-moves.ts'
import { StateView } from './state-view.ts'
import { Steps } from './steps.ts'
import { type Stop, waiting } from './stop.ts'
import { TlbContexts } from './tlb.ts'
import { ToldAccesses } from './told-accesses.ts'
import { type WatchedFor, Watching } from './watching.ts'

/** One processor of a machine, run by emitted WebAssembly. Made without a machine it has one of its own. */
export class Engine {
  readonly machine: GuestMachine
  readonly tlb: TlbContexts
  readonly known: KnownAnswers
  /** Where named state is, for who moves much of it at once. */
  readonly stateMemory: StateMemory
  readonly #cpu: number
  readonly #state: StateView
  #space: GuestSlots
  readonly #slice: Slice
  readonly #watching: Watching
  readonly #derived: DerivedState
  readonly #odd: OddAccesses
  readonly #steps: Steps
  readonly #monitored: MonitoredLine
  readonly #told: ToldAccesses

  /** @throws {RangeError} if the machine has no room for one processor more, or no such memory can be had. */
  constructor({ ports, ...options }: EngineOptions) {
    const machine = options.machine ?? new GuestMachine(options)
    const { cpu, scratch, buffer } = machine.place()
    const resync = () => this.resync()
    this.machine = machine
    this.#cpu = cpu
    const state = new StateView(cpu, buffer)
    this.#state = state
    this.stateMemory = state.memory(movesCompiler(cpu, machine.interpreter.linkage))
    this.#slice = new Slice(state, buffer)
    this.tlb = new TlbContexts(cpu, buffer)
    const told = new ToldAccesses({ state, ports, resync })
    this.#told = told
    this.#watching = new Watching(state, resync)
    this.#derived = new DerivedState(cpu, { state, tlb: this.tlb, watching: this.#watching, resync })
    this.#monitored = new MonitoredLine(buffer, state, machine)
    const { entry } = machine.interpreter
    const fill = (linear: bigint, kind: number, processor: boolean) =>
      entry.fill(cpu, state.word(at.record), this.#derived.views(processor), linear, kind)
    const monitor = (linear: bigint) => this.#monitored.arm(fill(linear, 1, false) >>> 0)
    this.known = new KnownAnswers(state, machine.map.blocks, () => this.retired())
    const { tlb, modeChanged, known } = this
    const answers = new HostAnswers({ state, ports, tlb, modeChanged, watching: this.#watching, monitor, known })
    this.#odd = new OddAccesses(
      buffer,
      { cpu, scratch },
      {
        ports,
        fill,
        hostOf: (physical) => entry.hostOf(cpu, BigInt(physical))[0] >>> 0,
        ...{ machine, known },
        endBlock: resync,
        toldStore: (physical) => told.done(physical, 'store'),
        watch: (linear, bytes, kind) => this.#watching.passes(linear, bytes, kind),
        noteFault: (vector, errorCode) => this.#state.noteFault(vector, errorCode),
      },
    )
    const fetched = (linear: bigint, kind: number) =>
      entry.fill(cpu, cpu + at.stepBlock, state.word(at.tlb), linear, kind)
    const code = new CodeBytes(cpu, buffer, { state, ports, blocks: machine.blocks, fill: fetched })
    this.#steps = new Steps({ cpu, bytes: new Uint8Array(buffer), state, code, blocks: machine.blocks })
    state.setLong(at.sixteen, 16n)
    state.takeArea(machine.map)
    this.#space = machine.slots
    state.setWord(at.slotTable, this.#space.table)
    machine.serve(cpu, {
      ...{ tlb, state, known, endBlock: resync },
      answers: answersFrom({ answers, odd: this.#odd, derived: this.#derived, state, slice: this.#slice, told }),
      flushTranslations: () => this.flushTranslations(),
      told: (address) => void ports.touched?.(address, 'store'),
    })
    this.modeChanged()
  }

  /** Guest memory outside system-management mode's address space, and what of it the guest sees where. */
  get slots(): GuestSlots {
    return this.machine.slots
  }

  /** The guest-physical addresses that the processor uses: those of system-management mode, or the others. */
  set addressSpace(space: 'ordinary' | 'smm') {
    const slots = space === 'smm' ? this.machine.smmSlots : this.machine.slots
    if (this.#space === slots) return
    this.#space = slots
    this.#state.setWord(at.slotTable, slots.table)
    this.flushTranslations()
  }

  /** Guest memory at a physical address, as far as its slot goes; undefined where there is none. */
  physical(address: number): Uint8Array | undefined {
    return this.#space.at(address)
  }

  /** Writes guest memory as a device would: blocks over it become stale. False where there is no memory. */
  writePhysical(address: number, bytes: Uint8Array): boolean {
    return this.#space.writeAt(address, bytes)
  }

  /** Of every page of memory that is told of, the next store is. */
  forgetStores(): void {
    this.machine.forgetStores()
  }

  get(field: StateField): bigint {
    return this.#state.get(field)
  }

  /** Sets a field. Call `modeChanged` after changes that code depends on. */
  set(field: StateField, value: bigint): void {
    this.#state.set(field, value)
    if (field === 'MONITOR') this.#monitored.follow()
  }

  /** The lower 32 bits of a field. */
  readonly word = (field: StateField): number => this.#state.low(field)
  /** A field but MONITOR becomes a number. */
  readonly setWord = (field: StateField, value: number): void => this.#state.setLow(field, value)

  gpr(index: number): bigint {
    return this.#state.long(at.gpr + index * 8)
  }

  setGpr(index: number, value: bigint): void {
    this.#state.setLong(at.gpr + index * 8, value)
  }

  /** RFLAGS whole. */
  rflags(): bigint {
    return this.#state.flagsWith(this.machine.interpreter.entry.materialize(this.#cpu))
  }

  setRflags(value: bigint): void {
    this.#state.setFlags(value)
  }

  /** The 64 bytes of a vector register. */
  readonly vector = (index: number): Uint8Array => this.#state.vector(index)

  /** The ten bytes of an x87 register, by physical number. */
  readonly x87 = (physical: number): Uint8Array => this.#state.x87(physical)

  /** The mode that the next instruction runs in. */
  codeMode(): CodeMode {
    return codeModeOf(this.#state)
  }

  /** Brings everything that is derived from control registers, segments and flags up to date. */
  readonly modeChanged = (): void => this.machine.interpreter.entry.modeChanged(this.#cpu)

  /** Every translation is forgotten, and the context follows CR3. */
  flushTranslations(): void {
    this.tlb.maskBy(maskingOf(this.#state))
    this.tlb.flushAll()
    this.tlb.use(pcidOf(this.#state), false)
    this.modeChanged()
  }

  /** Whose translations are used and made from now on, for the PCID that CR3 and CR4 say. */
  useTranslations(space: TranslationSpace): void {
    this.tlb.useSpace(space, pcidOf(this.#state), maskingOf(this.#state))
    this.modeChanged()
  }

  /** What such spaces have is forgotten, or what they have of one linear address. */
  forgetTranslations(which: (space: TranslationSpace) => boolean, linear?: bigint): void {
    this.tlb.flushSpaces(which, linear)
  }

  /** Data breakpoints met and debug traps asked for since the last look, as bits of DR6. */
  readonly takeDebugHits = (): number => this.#watching.takeHits()

  /** Instructions retired so far, exact also in the middle of one that asked the surroundings. */
  retired(): number {
    return this.#slice.retired
  }

  /** The count goes on from here. */
  readonly countFrom = (retired: number): void => this.#slice.countFrom(retired)

  /** The instruction that is asking its surroundings, and the one behind it. */
  readonly executing = (): { readonly rip: bigint; readonly next: bigint } => this.#state.executing()

  /** How many bytes that instruction has, also when `run` has come back because it waits. */
  get executingBytes(): number {
    return this.#state.executingBytes
  }

  /** The bytes of that instruction, and of what follows in its page: at most 15, which are not the caller's to keep. */
  readonly executingCode = (): Uint8Array => this.#state.executingCode()

  /** Where the next instruction is, as a linear address. */
  get linearRip(): bigint {
    return this.#state.linearRip
  }

  /** The instruction at RIP is over, of so many bytes, and nothing of it is left for `run`: somebody outside has done it. */
  skip(bytes: number): void {
    this.#state.skip(bytes)
    this.#slice.countOne()
  }

  /** The instruction that is asking has not happened, or is over, and code goes on with whatever state is then. Gives its bytes; 0 where `run` is to come back. */
  readonly abandon = (next: 'again' | 'behind', faults: 'stop' | 'deliver'): number => this.#slice.abandon(next, faults)

  /** What is pending has changed: the block under execution ends after this instruction, and `run` comes back. */
  resync(): void {
    if (!this.#slice.running) return
    this.#slice.stop()
    this.#odd.endsBlock = true
  }

  set eventPending(pending: boolean) {
    this.#state.setWord(at.eventPending, pending ? 1 : 0)
  }

  /** Whether no step, breakpoint or debug trap is due: instructions need no look one by one. */
  get quiet(): boolean {
    return this.#state.word(at.plain) === 1 && this.#state.holds(at.PENDING_DEBUG, 0)
  }

  /** Whether an interrupt could be taken between instructions now. */
  get interruptible(): boolean {
    return this.interruptFlag && !this.shadowed
  }

  get interruptFlag(): boolean {
    return this.#state.interruptFlag
  }

  /** Whether STI, MOV SS or POP SS was the last instruction. */
  get shadowed(): boolean {
    return this.#state.mayHold(at.SHADOW) && this.#state.holds(at.SHADOW, this.#slice.retired)
  }

  /** Watches for a debugger's breakpoints in place of the guest's, or for the guest's again. */
  breakInstead(instead: WatchedFor | undefined): void {
    this.#watching.instead = instead
    this.#derived.update()
  }

  /** Memory, count and translations; of a processor that is not alone, `processor` leaves memory out. The architectural state is its vCPU's to save. */
  save(what: 'machine' | 'processor' = 'machine'): SavedEngine {
    const shared = savedMachine(what === 'machine' ? this.machine : undefined)
    return snapshot({ retired: this.#slice.retired, translations: this.tlb.save(), ...shared })
  }

  /**
   * Takes back what `save` gave. The vCPU's state must have been restored before, and the machine before its other processors.
   * @throws {RangeError} if another version, or an engine with other memory, has saved it; then nothing here has changed.
   */
  restore(saved: SavedEngine, what: 'machine' | 'processor' = 'machine'): void {
    checkSnapshot(saved, this.slots)
    if (what === 'machine') restoreMachine(this.machine, saved)
    this.#slice.countFrom(saved.retired)
    this.tlb.restore(saved.translations)
    this.#monitored.follow()
    this.modeChanged()
  }

  /**
   * Runs at most `budget` instructions; `about` so many may be some less. Faults are delivered where that is simple, if `faults` says so;
   * `takeDelivered` tells how many were. RF goes when an instruction is complete.
   */
  run(budget: number, faults: 'stop' | 'deliver' = 'stop', end: 'exactly' | 'about' = 'exactly'): Stop {
    this.#slice.faults = faults
    for (let left = budget; ; ) {
      const [before, quickBefore] = [this.#slice.retired, this.#quick()]
      const given = Math.min(left, longestSlice)
      this.#slice.begin(given)
      if (left === 1) this.#state.setWord(at.mode, this.#state.word(at.mode) | alone)
      const isLast = given === left
      const stop = this.#settle(this.machine.run(this.#cpu, 0), isLast && end === 'exactly')
      if (left === 1) this.#state.setWord(at.mode, this.#state.word(at.mode) & ~alone)
      const retired = this.#slice.retired - before
      this.machine.blocks.ran(this.#state.word(at.mode), retired, (this.#quick() - quickBefore) >>> 0)
      left -= retired
      if (stop !== undefined && (isLast || stop.kind !== 'budget')) return stop
      if (left <= 0) return { kind: 'budget' }
    }
  }

  /** Instructions that no interpreter ran one by one, modulo 2^32. */
  #quick(): number {
    return this.#state.word(at.regionsRetired) + this.#state.word(at.bulkRetired)
  }

  /** Exceptions that `run` has delivered since the last look. */
  readonly takeDelivered = (): number => this.#state.takeDelivered()

  /** Counts what was retired, and answers what emitted code could not. Undefined: go on. */
  #settle(why: number, exactly = true): Stop | undefined {
    const { left, stopped } = this.#slice.end()
    const resynced = this.#odd.takeEnd() || stopped
    if (resynced && (why === status.miss || why === status.budget)) return { kind: 'events' }
    switch (why) {
      case status.miss:
        return this.#miss(left)
      case status.budget:
        return left > 0 && exactly ? this.#step(left) : { kind: 'budget' }
      case status.fault:
        return this.#fault()
      case status.fetchFault:
        return this.#faultStop()
      case status.resync:
        this.#state.resumed(this.#state.word(at.mode))
        return { kind: 'events' }
      case status.hot:
        return this.machine.heat(this.#state)
      case status.exit:
        return { kind: 'exit', reason: exitReasons[this.#state.word(at.exitReason)]! }
      default:
        return { kind: 'events' }
    }
  }

  /** The instruction did not happen: RIP is its own, unless it had already gone to another task. */
  #fault(): Stop {
    this.#slice.refund()
    if (this.#state.takeMoved()) this.modeChanged()
    else this.#state.goBack()
    return this.#faultStop()
  }

  #faultStop(): Stop {
    const vector = this.#state.word(at.faultVector)
    if (vector === secondLevelFault) this.tlb.refused(this.get('EPT_LINEAR'))
    return vector === unanswered ? waiting : { kind: 'fault', ...this.#state.notedFault() }
  }

  #miss(left: number): Stop | undefined {
    const host = this.#state.word(at.missHost)
    if (host !== 0 && this.machine.decode(host, this.#state)) return undefined
    return left > 0 ? this.#step(1) : { kind: 'budget' }
  }

  /** Runs at most so many instructions from a block that is not kept. */
  #step(most: number): Stop | undefined {
    const taken = this.#steps.take(most)
    if (taken === 'fault') return this.#faultStop()
    if (taken === 'kept') return undefined
    const mode = this.#state.word(at.mode)
    this.#state.setWord(at.block, taken.block)
    this.#state.setLong(at.blockRip, this.get('RIP'))
    this.#slice.begin(taken.instructions, 0)
    const why = this.machine.run(this.#cpu, taken.block)
    if (why !== status.fault) this.#state.resumed(mode)
    if (why !== status.budget && why !== status.miss) return this.#settle(why)
    this.#slice.end()
    return this.#odd.takeEnd() ? { kind: 'events' } : undefined
  }

  /** Whether `deliver` is under way: what ports are asked then, no instruction asks. */
  get delivers(): boolean {
    return this.#told.delivers
  }

  /** Delivers an event through the IDT of the current mode. Gives undefined, or the fault that it met: the caller decides about a double fault. */
  deliver(
    vector: number,
    kind: number,
    errorCode: number | undefined,
    returnRip: bigint,
  ): { vector: number; errorCode: number | undefined; moved: boolean } | undefined {
    this.#told.delivers = true
    const event = { vector, kind, errorCode, returnRip }
    const delivered = runDelivery(this.machine.interpreter, this.#state, this.#cpu, event)
    this.#told.delivers = false
    const moved = this.#state.takeMoved()
    if (delivered || moved) this.modeChanged()
    return delivered ? undefined : { ...this.#state.notedFault(), moved }
  }
}
