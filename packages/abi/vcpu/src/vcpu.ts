import type { CpuidTable } from '@vmm/cpuid'
import type { KvmGuestDebug } from '@vmm/kvm-uapi'
import { createMsrFile } from '@vmm/msr'
import { refusalOf } from '@vmm/rule'
import { Completion, type MsrReply } from './completion.ts'
import { type AnswersCpuid, CpuidAnswers } from './cpuid-answers.ts'
import type { Engine, EnginePorts } from './engine-port.ts'
import { Events } from './events.ts'
import { Execution } from './execution.ts'
import type { VcpuExit } from './exit.ts'
import { Guest, type TableLimits } from './guest.ts'
import { GuestDebug } from './guest-debug.ts'
import { type KeptPromises, keptPromises, usualProfile } from './kept-promises.ts'
import { nobody, type VcpuMachine } from './machine.ts'
import { mpStates } from './mp-state.ts'
import { type AnswersMsrs, MsrAccess, type MsrHomes } from './msr-access.ts'
import { shapeOf } from './msr-shape.ts'
import { VmxOperation } from './nested/vmx-operation.ts'
import { Observer } from './observer.ts'
import { type Answering, enginePorts } from './ports.ts'
import type { Refusal } from './refusal.ts'
import { initializeState, resetState, shapeState } from './reset.ts'
import type { RunOptions } from './run-options.ts'
import { restoreVcpu, type SavedVcpu, saveVcpu } from './saved.ts'
import { SystemManagement } from './smm/system-management.ts'
import { nothingGiven } from './state/parts.ts'
import { VcpuState } from './state/vcpu-state.ts'
import { usualSwitches } from './switches.ts'
import { Tally } from './tally.ts'
import type { VcpuOptions } from './vcpu-options.ts'

const apicBaseMsr = 0x1b

/** One virtual CPU: its tables, its events, its state as the kernel's structs tell it, and its run loop, over any engine. */
export class Vcpu {
  readonly engine: Engine
  /** What has brought its guest to KVM, counted since it was made. */
  readonly tally = new Tally()
  /** VMX operation: how far its guest is a hypervisor, and L2. */
  readonly vmx: VmxOperation
  /** KVM_GET_ and KVM_SET_ calls. */
  readonly state: VcpuState
  /** Bit n: hypercall n exits to user space. KVM_CAP_EXIT_HYPERCALL: it may be set while the vCPU lives. */
  hypercallExits: number
  /** Whether hypercalls that the guest was not shown fail. KVM_CAP_ENFORCE_PV_FEATURE_CPUID: it may be set while the vCPU lives. */
  featureBits: 'enforced' | 'advisory' = 'advisory'
  /** What user space has enabled of KVM_GET_ and KVM_SET_VCPU_EVENTS; it may be enabled while the vCPU lives. */
  readonly capabilities: { exceptionPayload: boolean; tripleFault: boolean }
  readonly #options: VcpuOptions
  readonly #guest: Guest
  readonly #promises: KeptPromises
  readonly #machine: VcpuMachine
  readonly #msrs: MsrAccess
  readonly #cpuid: CpuidAnswers
  readonly #givenXsave = { present: nothingGiven }
  readonly #events: Events
  readonly #completion = new Completion()
  readonly #debug = new GuestDebug()
  readonly #smm: SystemManagement
  readonly #execution: Execution

  constructor(options: VcpuOptions) {
    const { trace } = options
    const guest = new Guest(options.cpuid, options)
    const promises = keptPromises(options.kernel ?? usualProfile)
    const { exceptionPayload = false, tripleFault = false } = options.capabilities ?? {}
    this.capabilities = { exceptionPayload, tripleFault }
    this.hypercallExits = options.hypercallExits ?? 0
    this.#options = options
    this.#guest = guest
    this.#promises = promises
    this.#machine = options.machine ?? nobody(() => this.engine.retired())
    this.#cpuid = new CpuidAnswers(guest, trace)
    const { tally } = this
    const { switches = usualSwitches } = options
    const around = { engine: () => this.engine, machine: () => this.#machine }
    this.#msrs = new MsrAccess({
      ...around,
      createMsrs: options.createMsrs ?? ((readElsewhere) => createMsrFile(shapeOf(guest, readElsewhere))),
      onRefused: options.onRefusedMsr,
    })
    const observer = this.#observer()
    const later = { events: () => this.#events.state, observer: () => observer, onward: () => this.#execution.onward }
    this.vmx = new VmxOperation({ ...around, ...later, msrs: this.#msrs, guest, promises })
    const ports = this.#ports(around)
    this.engine = options.createEngine(observer?.ports(ports) ?? ports)
    const { engine } = this
    this.vmx.state.vmcs.moveBeside(engine.stateMemory)
    const machine = this.#machine
    this.#events = new Events({
      engine,
      machine,
      observer,
      tally,
      vmx: this.vmx,
      drivenBy: guest.host.drivenBy,
      areBlocked: () => this.#debug.blocksInterrupts,
      initialize: () => this.#initialize(),
      enterSmm: () => this.#smm.enter(),
    })
    const events = this.#events
    const givenXsave = this.#givenXsave
    const parts = { engine, machine, events, msrs: this.#msrs, guest, promises, nesting: {}, givenXsave }
    this.#smm = new SystemManagement(parts, this.vmx)
    const [completion, debug, smm] = [this.#completion, this.#debug, this.#smm]
    this.#execution = new Execution({
      ...{ engine, events, completion, debug, observer, smm, promises, switches, tally, vmx: this.vmx },
    })
    this.state = new VcpuState(parts, this.capabilities)
    this.reset()
  }

  /** What the engine asks and tells. */
  #ports(around: Pick<Answering, 'engine' | 'machine'>): EnginePorts {
    const { trace, switches = usualSwitches } = this.#options
    const holdsBreakpoint = () => this.#debug.holdBreakpoint()
    return enginePorts({
      ...around,
      tally: this.tally,
      vmx: this.vmx,
      traces: trace !== undefined,
      cpuid: this.#cpuid,
      msrs: this.#msrs,
      completion: this.#completion,
      guest: this.#guest,
      promises: this.#promises,
      switches,
      holdsBreakpoint,
      freeze: () => this.#events.freeze(),
      hypercallExits: () => this.hypercallExits,
      featureBits: () => this.featureBits,
      leavesSmm: () => this.#execution.leaveSmm(),
    })
  }

  /**
   * Runs at most `budget` instructions, taking events where the architecture does. An access that user space has
   * answered is finished before anything else.
   */
  run(options: RunOptions): VcpuExit {
    return this.#execution.run(options)
  }

  /** Finishes what user space has answered, as `run` does first. An exit where that comes to another one. */
  finish(): VcpuExit | undefined {
    return this.#execution.finish()
  }

  /** KVM_MP_STATE_*, as it is before what waits is taken. */
  get mpState(): number {
    return mpStates[this.#events.state.mpState]
  }

  /** Whether INIT or a startup signal waits to be taken. */
  get isSignalled(): boolean {
    const { initPending, startup } = this.#events.state
    return initPending || startup !== undefined
  }

  /** Takes INIT and startup signals that wait. */
  acceptSignals(): void {
    this.#events.acceptSignals()
  }

  /** Brings back a `run` that is under way, with an exit or for nothing: who answers the guest is called from inside of it. */
  kick(exit?: VcpuExit): void {
    this.#execution.kick(exit)
  }

  /**
   * Gives the bytes that an `io` exit of `in`, or an `mmio` exit of `read`, asks for; the next `run` takes them.
   * Without this they are zero.
   * @throws {RangeError} if no such exit waits, or it asks for another number of bytes.
   */
  complete(data: Uint8Array): void {
    const { asked } = this.#completion
    if (asked === undefined || !('data' in asked) || typeof asked.data === 'bigint')
      throw new RangeError('no access waits for data')
    if (data.length !== asked.data.length) throw new RangeError(`the access asks for ${asked.data.length} bytes`)
    asked.data.set(data)
  }

  /**
   * Gives what a `hypercall` exit returns to the guest; the next `run` takes it. Without this it is 0.
   * @throws {RangeError} if no such exit waits.
   */
  completeHypercall(result: bigint): void {
    if (this.#completion.asked?.kind !== 'hypercall') throw new RangeError('no hypercall waits')
    this.#execution.hypercallResult = result
  }

  /**
   * Says what an MSR exit comes to: #GP(0), or for RDMSR what it reads; the next `run` takes it. Without this it reads 0.
   * @throws {RangeError} if no such exit waits.
   */
  completeMsr(reply: MsrReply): void {
    const kind = this.#completion.asked?.kind
    if (kind !== 'x86-rdmsr' && kind !== 'x86-wrmsr') throw new RangeError('no access to an MSR waits')
    this.#execution.msrReply = { error: reply.error, data: BigInt.asUintN(64, reply.data) }
  }

  /** An NMI arrives. KVM_NMI. */
  injectNmi(): void {
    this.#events.nmi()
  }

  /** An SMI arrives. KVM_SMI. */
  injectSmi(): Refusal | undefined {
    const refusal = refusalOf(this.#promises.smi, { hasSmm: this.#guest.smm })
    if (refusal === undefined) this.#events.smi()
    return refusal
  }

  /** Whether it is in system-management mode. */
  get inSmm(): boolean {
    return this.#events.state.smm
  }

  /** Another processor wants it to go on behind HLT, which it has executed or will. */
  unhalt(): void {
    this.#events.unhalt()
  }

  /** Its turn is over, if another processor has something to do: as where it executes PAUSE. */
  yields(): void {
    this.#execution.yields()
  }

  /** INIT arrives. A bootstrap processor starts over, another waits for a startup signal. */
  injectInit(): void {
    this.#events.init()
  }

  /** A startup signal arrives: a processor that waits for one begins at `vector << 12`. */
  injectStartup(vector: number): void {
    this.#events.startup(vector)
  }

  /**
   * KVM_INTERRUPT. Without a local APIC in the kernel the vector is delivered next, so ask `readyForInterrupt` first; with one,
   * and without a PIC, it waits there.
   */
  queueInterrupt(vector: number): Refusal | undefined {
    const { localApic } = this.#machine
    const { external } = localApic ?? {}
    const irqchip = localApic === undefined ? 'none' : external === undefined ? 'full' : 'split'
    const injected = this.#events.state.interrupt
    const call = { irq: vector >>> 0, irqchip, external: external?.vector, injected } as const
    const refusal = refusalOf(this.#promises.interrupt, call)
    if (refusal !== undefined) return refusal
    if (external === undefined) this.#events.state.interrupt = vector
    else external.queue(vector)
    return undefined
  }

  /** Whether an interrupt that is queued now could be taken now. `kvm_run.ready_for_interrupt_injection`. */
  get readyForInterrupt(): boolean {
    const { localApic } = this.#machine
    if (localApic === undefined) return this.#execution.readyForInterrupt
    const { external } = localApic
    return external === undefined || (external.accepts && this.#execution.readyForInterrupt)
  }

  /** IA32_APIC_BASE. */
  get apicBase(): bigint {
    return this.#machine.readApicMsr(apicBaseMsr) ?? 0n
  }

  /** CR8. Where the local APIC is user space's, KVM_RUN takes it from `kvm_run`. */
  get taskPriority(): number {
    return this.#machine.taskPriority
  }

  set taskPriority(value: number) {
    this.#machine.taskPriority = value
  }

  /** Whether the processor waits, in MWAIT too, which KVM_GET_MP_STATE does not tell. */
  get waits(): boolean {
    return !this.#events.runnable
  }

  /** Whether `run` would find instructions to execute, or something to tell; signals that wait are taken first. */
  get isReady(): boolean {
    this.#events.acceptSignals()
    return this.#events.isReady
  }

  /** Whether it waits in the guest itself: in MWAIT, or in a HLT that does not come to KVM. */
  get waitsInGuest(): boolean {
    return this.#events.state.waitsFor !== undefined
  }

  /** Whether an interrupt that comes while the processor is halted lets it go on. */
  get wakesOnInterrupt(): boolean {
    return this.#events.wakesOnInterrupt
  }

  /** KVM_SET_GUEST_DEBUG. */
  setGuestDebug(debug: KvmGuestDebug): Refusal | undefined {
    return this.#debug.set(debug, this.#events, this.engine, this.#promises)
  }

  /**
   * The guest sees another processor: another table, and what follows from it. Whether it may is for rules to say;
   * registers keep what they hold.
   */
  setCpuid(table: CpuidTable, limits: TableLimits = {}): void {
    this.engine.known?.forget()
    this.#guest.replaceTable(table, limits)
    shapeState(this.engine, this.#guest)
  }

  /** The guest's CPUID is answered by somebody who knows more than its table. */
  answerCpuidBy(by: AnswersCpuid): void {
    this.#cpuid.by = by
  }

  /** What an MSR holds, for who answers in the place of the vCPU; undefined for one that it does not have. */
  msr(index: number): bigint | undefined {
    return this.#msrs.peek(index)
  }

  /** The guest's MSRs are answered by somebody who knows more than this vCPU's own file: from now on. */
  answerMsrsBy(by: AnswersMsrs): void {
    this.#msrs.by = by
  }

  /** The registers behind MSRs that live in the engine, the local APIC and the clock, without any rules. */
  get msrHomes(): MsrHomes {
    return this.#msrs
  }

  /** The table as it was set. */
  get cpuid(): CpuidTable {
    return this.#guest.table
  }

  /** INIT's registers at once: what waits elsewhere stays. */
  initialize(): void {
    this.#initialize()
  }

  /** Power-up: everything this vCPU remembers. The machine around it is its owner's to reset. */
  reset(): void {
    this.#execution.clear()
    this.#events.clear()
    this.#msrs.reset()
    this.vmx.reset()
    resetState(this.engine, this.#guest)
    this.#events.state.mpState = this.#machine.localApic?.bootstrap === false ? 'uninitialized' : 'runnable'
  }

  /**
   * Everything it remembers, as plain data. The engine's memory and the machine are saved by whoever owns them.
   * @throws {RangeError} while an access waits for its answer: finish it first.
   */
  save(): SavedVcpu {
    if (this.#completion.unfinished)
      throw new RangeError('finish the access first: run({ budget: 0, immediateExit: true })')
    return saveVcpu(this.#remembering())
  }

  /**
   * Takes back what `save` gave.
   * @throws {RangeError} if it was saved by another version or kind of vCPU.
   */
  restore(saved: SavedVcpu): void {
    this.#execution.clear()
    restoreVcpu(this.#remembering(), saved)
  }

  #observer(): Observer | undefined {
    if (this.#options.trace === undefined && this.#options.onExit === undefined) return undefined
    return new Observer(this.#options, {
      engine: () => this.engine,
      level: () => (this.vmx.inL2 ? 'L2' : 'L1'),
      interruptDue: () => this.#execution.isKicked || (this.engine.interruptible && this.#machine.interruptPending()),
      replaying: () => this.#completion.unfinished,
    })
  }

  #remembering() {
    const { engine, vmx } = this
    return { engine, vmx, msrs: this.#msrs, events: this.#events, givenXsave: this.#givenXsave }
  }

  #initialize(): void {
    this.#execution.clear()
    this.engine.known?.forget()
    this.#events.clear()
    this.#msrs.forgetAgreements()
    this.#machine.localApic?.initialize()
    this.vmx.initialize()
    this.state.nestedInitialized()
    shapeState(this.engine, this.#guest)
    initializeState(this.engine, this.#guest)
  }
}
