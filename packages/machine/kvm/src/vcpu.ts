import type { CpuidTable, CpuidVm } from '@vmm/cpuid'
import type { KvmGuestDebug } from '@vmm/kvm-uapi'
import { type Profile, refusalBy } from '@vmm/rule'
import type { RunOptions, Vcpu, VcpuExit, VcpuState } from '@vmm/vcpu'
import { type Answer, done } from './answer.ts'
import type { EnableCap, WriteUser } from './capabilities/enable-cap.ts'
import { enableVcpuCap } from './capabilities/vcpu-capabilities.ts'
import type { SetCpuidArgument, ToldCpuid } from './cpuid-surroundings.ts'
import { GuestEffects } from './hyperv/guest-effects.ts'
import type { JoinedApic } from './interrupts/joined-apic.ts'
import { otherProcessors, type ProcessorSignal } from './interrupts/other-processors.ts'
import { runAmongTimers } from './interrupts/run-among-timers.ts'
import type { DirtyRing } from './memory/dirty-ring.ts'
import type { PreFaultRange, VmMemory } from './memory/vm-memory.ts'
import { VcpuMsrs } from './msrs/vcpu-msrs.ts'
import { VcpuNesting } from './nested/vcpu-nesting.ts'
import type { Processor } from './processor.ts'
import { vcpuRuns } from './rules/dispatch/vcpu-runs.rule.ts'
import { AfterShutdown } from './run/after-shutdown.ts'
import { notExecuted } from './run/emulation-failure.ts'
import { RunCall } from './run/run-call.ts'
import { ruled } from './run/run-refusals.ts'
import { type RunOnce, RunSignals } from './run/run-signals.ts'
import { RunPage } from './run-page.ts'
import { ExitCounts } from './statistics/exit-counts.ts'
import { StealTime } from './time/steal-time.ts'
import { VcpuCpuid } from './vcpu-cpuid.ts'
import type { VcpuWires } from './vcpu-machine.ts'
import type { Vm } from './vm.ts'

/** What a vCPU is made with. */
export interface KvmVcpuOptions {
  readonly vm: Vm
  readonly id: number
  readonly processor: Processor
  readonly signalAfter: number
}

/** What of KVM_ENABLE_CAP a vCPU goes by. */
export interface VcpuCapabilities {
  exceptionPayload: boolean
  tripleFault: boolean
  /** Bit n: hypercall n exits to user space. */
  hypercallExits: number
}

/** A vCPU of a VM. Methods are named after the calls; `page` is its `kvm_run` with what follows. */
export class KvmVcpu {
  readonly id: number
  readonly page: RunPage
  /** How far its guest is a hypervisor. */
  readonly nesting: VcpuNesting
  readonly msrs: VcpuMsrs
  readonly exits: ExitCounts
  /** Its ring of written pages, where its VM has rings. */
  readonly ring: DirtyRing | undefined
  readonly #vm: Vm
  readonly processor: Processor
  readonly #vcpu: Vcpu
  readonly #signalAfter: number
  readonly #run
  readonly #ended: AfterShutdown
  readonly #cpuid: VcpuCpuid
  readonly #steal: StealTime
  readonly #effects: GuestEffects
  readonly #signals = new RunSignals()
  #joined: JoinedApic | undefined

  constructor({ vm, id, processor, signalAfter }: KvmVcpuOptions) {
    this.id = id
    this.page = new RunPage(vm.kvm.profile)
    this.#vm = vm
    this.processor = processor
    this.#vcpu = processor.vcpu
    this.exits = new ExitCounts(this.#vcpu.tally)
    this.#signalAfter = signalAfter
    this.#run = new RunCall({
      kernel: vm.kvm.profile,
      vcpu: this.#vcpu,
      page: this.page,
      signals: this.#signals,
      vendorModule: vm.kvm.host.vendorModule,
      localApic: () => (this.#apicInKernel() ? 'kernel' : 'user space'),
      pic: () => this.#pic(),
      pageTables: () => (vm.memory.mmu.hasPages ? 'some' : 'none'),
      enter: (options) => this.#enter(options),
      shutDown: () => this.#ended.happen(),
      die: (why) => vm.die(why),
    })
    this.#ended = new AfterShutdown({ vm, vcpu: this.#vcpu })
    this.nesting = new VcpuNesting({ kvm: vm.kvm, vcpu: this.#vcpu })
    this.page.nestedFlags = () => (this.nesting.l2Active ? this.nesting.runFlags : 0)
    const { profile: kernel, msrs: system, host } = vm.kvm
    this.msrs = new VcpuMsrs({
      ...{ system, kernel, host, vm: vm.msrs, vcpu: this.#vcpu, tsc: processor.around.tsc, number: vm.vcpus.length },
      cpuid: () => this.#cpuid.state,
      l2Active: () => this.nesting.l2Active,
      hasQuirk: (bit) => vm.hasQuirk(bit),
      onClockRegister: (index, value) =>
        index === stealTimeMsr ? this.#steal.record() : this.processor.around.writePvClock(index, value),
      vmxOn: () => this.nesting.vmxOn,
      hasPmu: () => vm.switches.hasPmu,
      shown: (index) => vm.partition.shown(index, this.processor.around.tsc),
      onEffect: (effect, _entry, initiator) => this.#effects.happen(effect, initiator),
    })
    this.#effects = new GuestEffects({ kernel, partition: vm.partition, nesting: this.nesting, vcpu: this.#vcpu })
    this.#steal = new StealTime({
      ...{ kernel, vcpu: this.#vcpu, clock: vm.clock },
      register: () => this.msrs.own(stealTimeMsr) ?? 0n,
      flushesByFlag: () => this.msrs.features.has('KVM_FEATURE_PV_TLB_FLUSH'),
    })
    this.#cpuid = new VcpuCpuid({
      where: { kernel, host },
      vcpu: this.#vcpu,
      miscEnable: () => this.msrs.held(miscEnableMsr) ?? 0n,
      apicInKernel: () => this.#apicInKernel(),
      l2Active: () => this.nesting.l2Active,
      vm: () => this.#shownVm(),
    })
    this.#vcpu.answerCpuidBy((leaf, subleaf) => this.#cpuid.execute(leaf, subleaf))
    this.ring = vm.memory.logs.createRing()
    this.wires.memory = {
      memoryFault: (address, _bytes, access) => vm.memory.memoryFault(address, access, this.#addressSpace()),
      touched: (address, access) => vm.memory.touched(address, access, this.ring, this.#addressSpace()),
    }
    vm.buses.coalesced.showIn(this.page.bytes)
    this.page.told(this.#vcpu, this.#pic())
  }

  /** KVM_GET_ and KVM_SET_ calls on registers. A refusal there says its errno and why, without a rule. */
  get state(): VcpuState {
    return this.#vcpu.state
  }

  /** Its VM. */
  get vm(): Vm {
    return this.#vm
  }

  /** The kernel that answers. */
  get profile(): Profile {
    return this.#vm.kvm.profile
  }

  /** Whether the guest has been entered. */
  get hasRun(): boolean {
    return this.#cpuid.hasRun
  }

  /** KVM_SET_CPUID2. */
  setCpuid2(table: CpuidTable, argument: SetCpuidArgument = {}): Answer<CpuidTable> {
    this.#ended.forget()
    return this.#cpuid.set('KVM_SET_CPUID2', table, argument)
  }

  /** KVM_SET_CPUID: whatever index and flags the entries have, it does not know of them. */
  setCpuid(table: CpuidTable, argument: SetCpuidArgument = {}): Answer<CpuidTable> {
    this.#ended.forget()
    return this.#cpuid.set('KVM_SET_CPUID', table, argument)
  }

  /** KVM_GET_CPUID2. */
  getCpuid2(nent: number): Answer<ToldCpuid> {
    return this.#cpuid.get(nent)
  }

  /**
   * KVM_RUN. What user space has written into `kvm_run` counts: data of an access, the result of a hypercall,
   * `immediate_exit`; and why it came back is there, and given. EINTR is a signal, that many instructions, or, with a
   * local APIC in the kernel, a processor that waits: `isWaiting`.
   */
  run(once: RunOnce = {}): Answer<VcpuExit> {
    if (this.isRunning) return refusalBy(vcpuRuns, 'KVM_RUN')
    this.#signals.begin(once)
    this.#vm.memory.refresh()
    const { signalAfter = this.#signalAfter } = once
    const before = this.#vm.enters(this)
    const answer = this.#run.call(signalAfter)
    if (before?.isRunning === true) this.#vm.enters(before)
    this.exits.count(answer, this.page.immediateExit)
    const runs = !this.#vcpu.waits || this.#vcpu.waitsInGuest
    this.#steal.leave({ betweenInstructions: runs && answer.kind === 'refused' && answer.errno === 'EINTR' })
    return answer
  }

  /** Whether KVM_RUN is under way: who is asked by the guest is inside of it. */
  get isRunning(): boolean {
    return this.#run.isUnderWay
  }

  /** A signal comes: KVM_RUN, under which this is called, looks at everything anew and comes back with EINTR. */
  kick(): void {
    this.#signals.kick()
    this.#vcpu.kick()
  }

  /** What has been enabled on its VM. */
  enable({ exceptionPayload, tripleFault, hypercallExits }: VcpuCapabilities): void {
    Object.assign(this.#vcpu.capabilities, { exceptionPayload, tripleFault })
    this.#vcpu.hypercallExits = hypercallExits
  }

  /** Something outside has changed that it may have to take: KVM_RUN looks, and goes on. */
  lookAgain(): void {
    this.#vcpu.kick()
  }

  /** A local APIC of its VM's is joined to it, when it is made: one that does not start the machine waits for who does. */
  join(joined: JoinedApic): void {
    this.#joined = joined
    this.wires.interrupts = joined
    const { interrupts, vcpus } = this.#vm
    this.wires.others = otherProcessors({
      apics: interrupts.apics,
      vcpus: () => vcpus,
      yields: () => this.#vcpu.yields(),
    })
    this.reset()
    this.page.told(this.#vcpu, this.#pic())
  }

  /** Its CPUID table, as it was set. */
  get cpuid(): CpuidTable {
    return this.#vcpu.cpuid
  }

  /**
   * Power-up: registers, MSRs, events. The CPUID table stays. No call of KVM's does this at once; user space would set
   * each of them.
   */
  reset(): void {
    this.#run.clear()
    this.#ended.forget()
    this.#vcpu.reset()
    this.nesting.reset()
  }

  /** INIT, NMI or a startup signal arrives from a local APIC that is joined to it, or from another vCPU. */
  signal(signal: ProcessorSignal): void {
    if (signal.kind === 'unhalt') this.#vcpu.unhalt()
    else if (signal.kind === 'nmi') this.#vcpu.injectNmi()
    else if (signal.kind === 'smi') this.#vcpu.injectSmi()
    else if (signal.kind === 'init') this.#vcpu.injectInit()
    else if (signal.kind === 'startup') this.#vcpu.injectStartup(signal.vector)
  }

  /** The time-stamp counter at a time of the VM's clock, and the time at which it will show a value. */
  readonly timeStampCounter = {
    at: (now: number): bigint => this.processor.around.tsc.at(now),
    when: (value: bigint): number => this.processor.around.tsc.when(value),
  }

  /** What is joined to it beside its VM's buses: a local APIC of somebody's own is one in the kernel. */
  get wires(): VcpuWires {
    return this.processor.wires
  }

  /** Whether it waits for an interrupt, or a startup signal. */
  get isWaiting(): boolean {
    // a startup signal that came since is taken by whoever asks
    this.#vcpu.state.getMpState()
    return this.#vcpu.waits
  }

  /** The ID of its local APIC, where that is in the kernel. */
  get apicId(): number | undefined {
    return this.#joined?.apic.id
  }

  /** Whether KVM_RUN would find instructions to execute: it does not wait, or what it waits for has come. */
  get isReady(): boolean {
    return this.#vcpu.isReady
  }

  /** Whether an interrupt that comes while it waits lets it go on. */
  get wakesOnInterrupt(): boolean {
    return this.#vcpu.wakesOnInterrupt
  }

  /** Instructions that it has retired. */
  get instructions(): number {
    return this.#vcpu.engine.retired()
  }

  /** KVM_RUN with `immediate_exit`: what user space has answered is finished, and EINTR says that nothing else was run. */
  runUnfinished(): Answer<VcpuExit> {
    this.page.immediateExit = true
    const answer = this.run()
    this.page.immediateExit = false
    return answer
  }

  /** IGNNE# is asserted: it goes on in spite of the x87 error that it has told of. */
  ignoreNumericError(): void {
    this.#vcpu.engine.set('IGNNE', 1n)
  }

  /** One entry of KVM_SET_MSRS: `undefined` where it is refused. */
  setMsr(index: number, data: bigint): bigint | undefined {
    return this.state.setMsrs([{ index, data }]) === 1 ? data : undefined
  }

  /** KVM_PRE_FAULT_MEMORY. */
  preFaultMemory(range: PreFaultRange): ReturnType<VmMemory['preFault']> {
    this.#vm.memory.refresh()
    return this.#vm.memory.preFault(range, this.ring)
  }

  /** KVM_ENABLE_CAP on a vCPU; `write` puts what it tells where user space wants it. */
  enableCap(asked: EnableCap, write: WriteUser = () => false): Answer<number> {
    return enableVcpuCap(this.#vm, this, asked, write)
  }

  /** KVM_SET_GUEST_DEBUG. */
  setGuestDebug(debug: KvmGuestDebug): Answer<number> {
    const refused = this.#vcpu.setGuestDebug(debug)
    return refused === undefined ? done(0) : ruled('KVM_SET_GUEST_DEBUG', refused)
  }

  /** KVM_INTERRUPT, without a local APIC in the kernel. */
  interrupt(irq: number): Answer<number> {
    const refused = this.#vcpu.queueInterrupt(irq)
    return refused === undefined ? done(0) : ruled('KVM_INTERRUPT', refused)
  }

  /** KVM_GET_NESTED_STATE, with room for so many bytes. */
  getNestedState(size?: number): Answer<Uint8Array> {
    const got = this.nesting.get(size)
    return got.kind === 'refused' ? got : done(got.bytes)
  }

  /** KVM_SET_NESTED_STATE, of the bytes of a `struct kvm_nested_state`. */
  setNestedState(state: Uint8Array): Answer<number> {
    return this.nesting.set(state)
  }

  /** KVM_SMI. */
  smi(): Answer<number> {
    const refused = this.#vcpu.injectSmi()
    return refused === undefined ? done(0) : ruled('KVM_SMI', refused)
  }

  /** KVM_NMI. */
  nmi(): Answer<number> {
    this.#vcpu.injectNmi()
    return done(0)
  }

  /** The high half of the numbers of its slots. */
  #addressSpace(): 0 | 1 {
    return this.#vcpu.inSmm ? 1 : 0
  }

  #apicInKernel(): boolean {
    return this.processor.around.localApic !== undefined
  }

  #enter(options: RunOptions): VcpuExit {
    if (this.nesting.isStuck) return notExecuted
    if (this.ring?.isSoftFull === true) return { kind: 'dirty-ring-full' }
    this.#cpuid.entered()
    const asked = this.#effects.enter()
    if (asked !== undefined) return asked
    if (this.#ended.goesNowhere) return { kind: 'intr' }
    this.#steal.record()
    return this.#joined === undefined ? this.#vcpu.run(options) : this.#runAmongTimers(this.#joined, options)
  }

  #runAmongTimers(joined: JoinedApic, options: RunOptions): VcpuExit {
    const { interrupts, clock, vcpus } = this.#vm
    const signalled = () => options.interrupted?.() === true
    const othersRun = () => vcpus.some((other) => other !== this && other.isReady)
    // a PIC in the kernel asks for no window
    const requestInterruptWindow = options.requestInterruptWindow === true && interrupts.mode !== 'full'
    const among = { vcpu: this.#vcpu, joined, interrupts, clock, signalled, othersRun }
    return runAmongTimers(among, { ...options, requestInterruptWindow })
  }

  #pic(): 'kernel' | 'user space' {
    return this.#vm.interrupts.mode === 'full' ? 'kernel' : 'user space'
  }

  /** What of its VM decides how its table follows its registers. */
  #shownVm(): CpuidVm {
    const { switches } = this.#vm
    return { hltInGuest: (switches.exitsOff & hltExits) !== 0n, mwaitFollows: !switches.hasQuirk(miscEnableNoMwait) }
  }
}

const miscEnableMsr = 0x1a0
/** MSR_KVM_STEAL_TIME. */
const stealTimeMsr = 0x4b56_4d03
/** KVM_X86_DISABLE_EXITS_HLT, and the bit of KVM_X86_QUIRK_MISC_ENABLE_NO_MWAIT. */
const hltExits = 2n
const miscEnableNoMwait = 4
