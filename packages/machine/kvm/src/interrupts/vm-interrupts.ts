import { likeSaved, type Nanoseconds, type Saved, type Timer } from '@vmm/device'
import type { LocalApic } from '@vmm/local-apic'
import { type Profile, type Refusal, resolve, run } from '@vmm/rule'
import { type Answer, done } from '../answer.ts'
import type { VmBuses } from '../buses/vm-buses.ts'
import type { EventFd } from '../event-fd.ts'
import { inRelease } from '../in-release.ts'
import { bootCpuIdPipeline } from '../rules/boot-cpu-id/index.ts'
import type { IrqchipMode } from '../rules/create-irqchip/case.ts'
import { createIrqchipPipeline } from '../rules/create-irqchip/index.ts'
import { irqLinePipeline } from '../rules/irq-line/index.ts'
import { getIrqchipPipeline, setIrqchipPipeline } from '../rules/irqchip-state/index.ts'
import type { FileKind } from '../rules/irqfd/case.ts'
import { irqfdFlag } from '../rules/irqfd/case.ts'
import { irqfdPipeline } from '../rules/irqfd/index.ts'
import { type UnmaskedLevel, type UnmaskedLevelTaken, unmaskedLevel } from '../rules/irqfd/unmasked-level.behaviour.ts'
import { setGsiRoutingPipeline } from '../rules/set-gsi-routing/index.ts'
import { signalMsiPipeline } from '../rules/signal-msi/index.ts'
import { splitIrqchipPipeline } from '../rules/split-irqchip/index.ts'
import type { VmClock } from '../time/vm-clock.ts'
import { Controllers, type Input, type LineSource, lineSources } from './controllers.ts'
import { defaultRoutes, type GsiRoute, GsiRouting, inputOf } from './gsi-routing.ts'
import { IrqFds } from './irq-fds.ts'
import { chipNumbered, type IrqchipState, stateOfChip, takeStateOfChip } from './irqchip-state.ts'
import { JoinedApic } from './joined-apic.ts'
import { type ApicOptions, LocalApics } from './local-apics.ts'
import { type DestinationFormat, type MessageWrite, messageOf } from './message.ts'
import { VmPit } from './vm-pit.ts'

/** What the interrupts of a VM go by. */
export interface VmInterruptsOptions {
  readonly kernel: Profile
  readonly clock: VmClock
  readonly buses: VmBuses
  /** What the kernel is built with. */
  readonly built: { readonly hyperv: boolean; readonly xen: boolean }
  readonly vcpuCount: () => number
  /** KVM_CAP_MAX_VCPU_ID: of the kernel, and what was enabled. */
  readonly vcpuIds: () => { readonly maxIds: number; readonly idsOfVm: number }
  /** Whether a quirk is still in force, by the number of its bit. */
  readonly hasQuirk: (bit: number) => boolean
  /** What runs should look at interrupts and deadlines anew. */
  readonly onChange: () => void
}

/** KVM_IRQFD, with the files that its numbers stand for. */
export interface IrqfdCall {
  readonly gsi: number
  readonly flags?: number
  readonly fd: EventFd | FileKind
  readonly resamplefd?: EventFd | FileKind
}

/** KVM_SET_GSI_ROUTING, beside the entries. */
export interface RoutingHeader {
  readonly count?: number
  readonly flags?: number
  /** Left out, all entries could be read. */
  readonly unreadable?: boolean
}

/** Bits of KVM_CAP_DISABLE_QUIRKS2: KVM_X86_QUIRK_LINT0_REENABLED and _LAPIC_MMIO_HOLE. */
const quirk = { lint0Reenabled: 0, lapicMmioHole: 2 } as const
const pitGsi = 0

/** The interrupt controllers that a VM has in the kernel, and everything that raises interrupts there. */
export class VmInterrupts {
  readonly apics: LocalApics
  readonly pit: VmPit
  /** KVM_X2APIC_API_USE_32BIT_IDS. */
  destinations: DestinationFormat = 'eight bits'
  #bootId = 0
  readonly #options: VmInterruptsOptions
  readonly #calls
  readonly #unmaskedLevel: (level: UnmaskedLevel) => UnmaskedLevelTaken
  readonly #irqFds = new IrqFds((source, gsi, level) => this.raise(source, gsi, level))
  #mode: IrqchipMode = 'none'
  /** Of split ones: how many GSIs are inputs of user space's I/O APIC. */
  #splitPins = 0
  #controllers: Controllers | undefined
  #routing = new GsiRouting([])
  #timers: readonly Timer[] = []
  /** Vectors whose end user space's I/O APIC waits for, by the APIC that ended them. */
  readonly #ended = new Map<LocalApic, number>()

  constructor(options: VmInterruptsOptions) {
    const { kernel, clock, buses, hasQuirk, onChange } = options
    this.#options = options
    this.#calls = {
      create: resolve(createIrqchipPipeline, kernel),
      split: resolve(splitIrqchipPipeline, kernel),
      irqLine: resolve(irqLinePipeline, kernel),
      routing: resolve(setGsiRoutingPipeline, kernel),
      signalMsi: resolve(signalMsiPipeline, kernel),
      irqfd: resolve(irqfdPipeline, kernel),
      getState: resolve(getIrqchipPipeline, kernel),
      setState: resolve(setIrqchipPipeline, kernel),
      boot: resolve(bootCpuIdPipeline, kernel),
    }
    this.#unmaskedLevel = inRelease(unmaskedLevel, kernel)
    this.apics = new LocalApics({ clock, lint0Reenabled: () => hasQuirk(quirk.lint0Reenabled) })
    const drive = (level: boolean) => void this.raise(lineSources.pit, pitGsi, level)
    this.pit = new VmPit({ kernel, clock, buses, irqchip: () => this.#mode, drive, onChange })
  }

  /** The id of the vCPU that starts the machine. */
  get bootId(): number {
    return this.#bootId
  }

  /** Which interrupt controllers there are in the kernel. */
  get mode(): IrqchipMode {
    return this.#mode
  }

  get controllers(): Controllers | undefined {
    return this.#controllers
  }

  /** Where GSIs lead. */
  get routes(): readonly GsiRoute[] {
    return this.#routing.routes
  }

  /** KVM_CREATE_IRQCHIP. */
  create(): Answer<number> {
    const { buses, vcpuCount } = this.#options
    const outcome = run(this.#calls.create, { irqchip: this.#mode, vcpus: vcpuCount() })
    if (outcome.kind === 'refused') return outcome.refusal
    const controllers = this.#createControllers()
    const unattached = [...(controllers.pic.ports ?? []).map((range) => buses.io.attach(range))]
      .concat((controllers.ioApic.memory ?? []).map((region) => buses.mmio.attach(region)))
      .find((attached): attached is Refusal => attached.kind === 'refused')
    if (unattached !== undefined) return unattached
    this.apics.bus.attachListener(controllers.ioApic)
    this.#controllers = controllers
    this.#routing = new GsiRouting(defaultRoutes)
    this.#mode = 'full'
    return done(0, outcome.unread)
  }

  /** KVM_ENABLE_CAP(KVM_CAP_SPLIT_IRQCHIP). */
  split(pins: bigint): Answer<number> {
    const outcome = run(this.#calls.split, { pins, irqchip: this.#mode, vcpus: this.#options.vcpuCount() })
    if (outcome.kind === 'refused') return outcome.refusal
    this.#splitPins = Number(pins)
    this.#mode = 'split'
    this.apics.bus.attachListener({
      endOfInterrupt: (vector, _, by) => {
        const apic = this.apics.apicOf(by)
        if (apic === undefined || !this.#splitVectors().has(vector)) return
        this.#ended.set(apic, vector)
        this.#options.onChange()
      },
    })
    return done(0, outcome.unread)
  }

  /** KVM_IRQ_LINE_STATUS: at how many vCPUs it arrived; 0 where it joined another; below zero where nobody looks. */
  irqLine(gsi: number, level: boolean): Answer<number> {
    const outcome = run(this.#calls.irqLine, { irqchip: this.#mode })
    if (outcome.kind === 'refused') return outcome.refusal
    return done(this.raise(lineSources.userSpace, gsi, level), outcome.unread)
  }

  /** KVM_SET_GSI_ROUTING. */
  setRouting(entries: readonly GsiRoute[], header: RoutingHeader = {}): Answer<number> {
    const { count = entries.length, flags = 0, unreadable = false } = header
    const longIds = this.destinations === 'thirty-two bits'
    const { hyperv, xen } = this.#options.built
    const call = { irqchip: this.#mode, count, flags, entries, readable: !unreadable, longIds, hyperv, xen }
    const outcome = run(this.#calls.routing, call)
    if (outcome.kind === 'refused') return outcome.refusal
    this.#routing = new GsiRouting(entries)
    this.#splitVectorsNow = undefined
    return done(0, outcome.unread)
  }

  /** KVM_SIGNAL_MSI: how many vCPUs have taken it. */
  signalMsi(message: MessageWrite & { readonly flags?: number }): Answer<number> {
    const { flags = 0, address_hi: addressHigh } = message
    const longIds = this.destinations === 'thirty-two bits'
    const call = { irqchip: this.#mode, flags, addressHigh, longIds, vcpus: this.apics.bus.size }
    const outcome = run(this.#calls.signalMsi, call)
    return outcome.kind === 'refused' ? outcome.refusal : done(this.#send(message), outcome.unread)
  }

  /** KVM_IRQFD. */
  irqfd({ gsi, flags = 0, fd, resamplefd = 'closed' }: IrqfdCall): Answer<number> {
    const tied = typeof fd === 'string' ? 'nowhere' : this.#irqFds.holds(fd)
    const kinds = { fd: kindOf(fd), resamplefd: kindOf(resamplefd) }
    const outcome = run(this.#calls.irqfd, { irqchip: this.#mode, flags, gsi, tied, ...kinds })
    if (outcome.kind === 'refused') return outcome.refusal
    if (typeof fd === 'string') return done(0, outcome.unread)
    const resample = (flags & irqfdFlag.resample) === 0 || typeof resamplefd === 'string' ? undefined : resamplefd
    if ((flags & irqfdFlag.deassign) === 0) this.#irqFds.tie({ fd, gsi, resample })
    else this.#irqFds.untie(fd, gsi)
    return done(0, outcome.unread)
  }

  /** KVM_GET_IRQCHIP. */
  getState(number: number): Answer<IrqchipState> {
    const outcome = run(this.#calls.getState, { irqchip: this.#mode, chip: number })
    if (outcome.kind === 'refused') return outcome.refusal
    return done(stateOfChip(this.#made(), chipNumbered(number) ?? 'io-apic'), outcome.unread)
  }

  /** KVM_SET_IRQCHIP. */
  setState(number: number, stateOf: (chip: IrqchipState['chip']) => IrqchipState): Answer<number> {
    const outcome = run(this.#calls.setState, { irqchip: this.#mode, chip: number })
    if (outcome.kind === 'refused') return outcome.refusal
    takeStateOfChip(this.#made(), stateOf(chipNumbered(number) ?? 'io-apic'))
    this.#options.onChange()
    return done(0, outcome.unread)
  }

  /** KVM_SET_BOOT_CPU_ID: the vCPU that starts the machine. */
  setBootId(id: bigint): Answer<number> {
    const { vcpuCount, vcpuIds } = this.#options
    const outcome = run(this.#calls.boot, { id, vcpus: vcpuCount(), ...vcpuIds() })
    if (outcome.kind === 'refused') return outcome.refusal
    this.#bootId = Number(BigInt.asUintN(32, id))
    return done(0, outcome.unread)
  }

  /** Joins a vCPU that is made: its local APIC, if there are any in the kernel. */
  join(options: Omit<ApicOptions, 'bootstrap'>): JoinedApic | undefined {
    if (this.#mode === 'none') return undefined
    const bootstrap = options.id === this.#bootId
    const apic = this.apics.join({ ...options, bootstrap })
    this.#timers = [...this.#timers, apic.timer]
    const hasMemoryHole = () => this.#options.hasQuirk(quirk.lapicMmioHole)
    const { id, onChange } = options
    const longIds = () => this.destinations === 'thirty-two bits'
    return new JoinedApic({ apic, id, bootstrap, pic: this.#controllers?.pic, hasMemoryHole, longIds, onChange })
  }

  /** The vector that a vCPU has ended and user space's I/O APIC waits for; it is told once. */
  takeEnded({ apic }: JoinedApic): number | undefined {
    const vector = this.#ended.get(apic)
    if (vector !== undefined) this.#ended.delete(apic)
    return vector
  }

  /** When some timer in the kernel next needs processors to stop; `Infinity` when none does. */
  nextDeadline(): Nanoseconds {
    let next = this.pit.made?.timer.deadline() ?? Number.POSITIVE_INFINITY
    for (const timer of this.#timers) {
      const deadline = timer.deadline()
      if (deadline < next) next = deadline
    }
    return next
  }

  /** Fires every timer whose deadline has come. */
  runTimers(now: Nanoseconds): void {
    const pit = this.pit.made?.timer
    if (pit !== undefined && pit.deadline() <= now) pit.fire(now)
    for (const timer of this.#timers) if (timer.deadline() <= now) timer.fire(now)
  }

  /** Power-on state, as user space would set it register by register. */
  reset(): void {
    this.#ended.clear()
    this.pit.made?.reset()
    this.#controllers?.reset()
    this.apics.reset()
  }

  /** Registers and lines, as plain data. Routes and eventfds are user space's. */
  save(): Saved {
    const controllers = this.#controllers?.save() ?? null
    return { controllers, pit: this.pit.made?.save() ?? null, apics: this.apics.save() }
  }

  /** @throws {RangeError} if it is not its own. */
  restore(saved: Saved): void {
    const example = this.save() as { controllers: Saved; pit: Saved; apics: Saved }
    const { controllers, pit, apics } = likeSaved('interrupts', example, saved)
    this.#controllers?.restore(controllers)
    this.pit.made?.restore(pit)
    this.apics.restore(apics)
  }

  /** The VM is gone: eventfds raise nothing any more. */
  release(): void {
    this.#irqFds.releaseAll()
  }

  /** Drives a GSI. Source: virt/kvm/irqchip.c kvm_set_irq (Linux 6.12). */
  raise(source: LineSource, gsi: number, level: boolean): number {
    let taken = -1
    for (const route of this.#routing.from(gsi)) {
      const here = this.#follow(route, source, level)
      if (here >= 0) taken = here + Math.max(taken, 0)
    }
    return taken
  }

  #follow(route: GsiRoute, source: LineSource, level: boolean): number {
    if (route.type === 'irqchip') return this.#controllers?.drive(inputOf(route), source, level) ?? -1
    return route.type === 'msi' && level ? this.#send(route) : -1
  }

  #send(message: MessageWrite): number {
    const asked = messageOf(message, this.destinations)
    if (asked !== undefined) return this.apics.send(asked)
    return this.apics.bus.size === 0 ? -1 : 0
  }

  /** The controllers that a rule has found there. */
  #made(): Controllers {
    if (this.#controllers === undefined) throw new Error('no rule lets this through without controllers')
    return this.#controllers
  }

  #createControllers(): Controllers {
    return new Controllers({
      send: this.apics.send,
      intr: (level) => this.apics.drivePicOutput(level),
      onEnd: (input) => this.#acknowledged(input),
      onMask: (input, masked) => this.#masked(input, masked),
      resample: (pin) => this.#resample(pin),
    })
  }

  /** Whether who drives an input has been asked, before a level from behind its mask counts. */
  #resample(pin: number): boolean {
    const gsi = this.#routing.to({ controller: 'io-apic', pin })
    if (gsi === undefined) return false
    const taken = this.#unmaskedLevel({ resamples: this.#irqFds.resamples(gsi) })
    if (taken === 'counts') return false
    this.#irqFds.ask(gsi)
    return true
  }

  #acknowledged(input: Input): void {
    const gsi = this.#routing.to(input)
    if (gsi === undefined) return
    if (gsi === pitGsi) this.pit.made?.acknowledge()
    this.#irqFds.acknowledge(gsi)
  }

  /** A guest that opens the timer's input wants ticks from now on. */
  #masked(input: Input, masked: boolean): void {
    if (!masked && this.#routing.to(input) === pitGsi) this.pit.made?.forget()
  }

  #splitVectorsNow: ReadonlySet<number> | undefined

  /** Vectors of level-triggered messages that stand for inputs of user space's I/O APIC. */
  #splitVectors(): ReadonlySet<number> {
    this.#splitVectorsNow ??= new Set(
      this.#routing.routes.flatMap((route) => {
        if (route.type !== 'msi' || route.gsi >= this.#splitPins) return []
        const message = messageOf(route, this.destinations)
        return message?.trigger === 'level' ? [message.vector] : []
      }),
    )
    return this.#splitVectorsNow
  }
}

function kindOf(file: EventFd | FileKind): FileKind {
  return typeof file === 'string' ? file : 'eventfd'
}
