import { has } from '@vmm/cpuid'
import { capabilityNumbered } from '@vmm/kvm-uapi'
import type { SetFilterCall } from '@vmm/msr'
import { type Refusal, resolve, run } from '@vmm/rule'
import { GuestMachine, type GuestMachineOptions } from '@vmm/wasm-engine'
import { type Answer, done, noMemory, notModelled } from './answer.ts'
import type { IoeventfdCall } from './buses/io-eventfds.ts'
import { VmBuses } from './buses/vm-buses.ts'
import { capArguments, type EnableCap, enables } from './capabilities/enable-cap.ts'
import { vmCapabilities } from './capabilities/vm-capabilities.ts'
import { switchesOf, VmSwitches } from './capabilities/vm-switches.ts'
import { VmDevices } from './devices/vm-devices.ts'
import { HypervPartition } from './hyperv/hyperv-partition.ts'
import type { GsiRoute } from './interrupts/gsi-routing.ts'
import { joinApic } from './interrupts/join-apic.ts'
import type { MessageWrite } from './interrupts/message.ts'
import { type IrqfdCall, type RoutingHeader, VmInterrupts } from './interrupts/vm-interrupts.ts'
import type { Kvm } from './kvm.ts'
import { memoryLimits } from './memory/memory-limits.ts'
import { VmMemory } from './memory/vm-memory.ts'
import { VmMsrs } from './msrs/vm-msrs.ts'
import { type CreateEngine, Processor, type Watching } from './processor.ts'
import type { CoalescedZone } from './rules/coalesced-mmio/case.ts'
import type { CreateVcpuCase } from './rules/create-vcpu/case.ts'
import { createVcpuPipeline } from './rules/create-vcpu/index.ts'
import { enableCapPipeline } from './rules/enable-cap/index.ts'
import type { MemoryRegion, Memslot } from './rules/set-user-memory-region/case.ts'
import type { CreateVmClock, VmClock } from './time/vm-clock.ts'
import { VmTime } from './time/vm-time.ts'
import { KvmVcpu, type VcpuCapabilities } from './vcpu.ts'

/** What a VM is made with. */
export interface VmOptions {
  readonly kvm: Kvm
  /** Which of its `Kvm`'s it is, from 1. */
  readonly number: number
  /** KVM_X86_*_VM. */
  readonly type: number
  readonly memoryBytes: number
  /** Bytes for guest_memfds beside those. */
  readonly privateBytes: number
  readonly signalAfter: number
  readonly createClock: CreateVmClock
  /** Nanoseconds since 1970 when its clock is at 0. */
  readonly startedAt: bigint
  readonly watching: Watching
  readonly createEngine?: CreateEngine | undefined
  readonly hot?: GuestMachineOptions['hot'] | undefined
  readonly emitted?: GuestMachineOptions['emitted'] | undefined
  readonly thread?: GuestMachineOptions['thread'] | undefined
}

const maxVcpusOfVm = 66
const maxVcpuId = 128
/** kvm.tsc_tolerance_ppm, unless the module was told. */
const usualTolerance = 250
/** KVM_CAP_X2APIC_API, and its bit that a VM has while user space has the I/O APIC. */
const [x2apicApi, suppressible] = [129, 4]
const [memoryAttributes, guestMemfd, guestMemfdFlags] = [233, 234, 244]

/** A VM: what its vCPUs share. Methods are named after the calls; each part of it has what they do. */
export class Vm {
  readonly kvm: Kvm
  readonly memory: VmMemory
  readonly buses: VmBuses
  /** Guest memory, and the code decoded from it: what its processors run, one after another. */
  readonly guest: GuestMachine
  /** Time, which goes by what all processors together have done. */
  readonly clock: VmClock
  /** What vCPUs go by that was enabled on the VM, before or after they were made. */
  readonly enabled: VcpuCapabilities = { exceptionPayload: false, tripleFault: false, hypercallExits: 0 }
  /** What its guests are told the time is. */
  readonly time: VmTime
  readonly interrupts: VmInterrupts
  readonly devices: VmDevices
  readonly msrs: VmMsrs
  /** What it is to guests of Hyper-V's interface. */
  readonly partition: HypervPartition
  readonly switches = new VmSwitches()
  readonly #options: VmOptions
  readonly #vcpus: KvmVcpu[] = []
  #lastRun: KvmVcpu | undefined
  /** What all but the last one have retired. */
  #retiredByOthers = 0
  #isDead = false
  readonly #calls

  constructor(options: VmOptions) {
    const { kvm, number, memoryBytes, privateBytes, createClock, startedAt, watching } = options
    const { profile: kernel } = kvm
    this.kvm = kvm
    this.#options = options
    this.#calls = { createVcpu: resolve(createVcpuPipeline, kernel), enableCap: resolve(enableCapPipeline, kernel) }
    this.buses = new VmBuses(kernel)
    const all = memoryBytes + privateBytes
    const { counts = 'nothing', clock } = watching
    const { hot, emitted, thread } = options
    const coding = { ...(hot === undefined ? {} : { hot }), ...(emitted && { emitted }) }
    const given = { ...(clock && { clock }), ...coding, ...(thread && { thread }) }
    this.guest = new GuestMachine({ slots: [], memoryBytes: all, counts, ...given })
    this.clock = createClock(() => this.instructions)
    this.time = new VmTime({
      ...{ kernel, clock: this.clock, startedAt, scaling: kvm.facts.tscScaling },
      stable: has(kvm.host.cpuid, 'INVARIANT_TSC'),
      tolerancePpm: kvm.host.params['kvm.tsc_tolerance_ppm'] ?? usualTolerance,
      vcpus: () => this.#vcpus.length,
      onJump: () => {
        this.partition.referenceChanged()
        for (const vcpu of this.#vcpus) vcpu.msrs.clockJumped()
      },
    })
    const checkExtension = (capability: number) => this.checkExtension(capability)
    const ofKernel = (capability: number) => kvm.checkExtension(capability)
    const limits = memoryLimits({ host: kvm.host, facts: kvm.facts, ofKernel, ofVm: checkExtension })
    const { guest } = this
    this.memory = new VmMemory({ kernel, number, guest, userBytes: memoryBytes, limits, checkExtension })
    this.devices = new VmDevices(kernel)
    this.interrupts = new VmInterrupts({
      kernel,
      buses: this.buses,
      clock: this.clock,
      built: kvm.facts,
      vcpuCount: () => this.#vcpus.length,
      vcpuIds: () => this.#vcpuIds(),
      hasQuirk: (bit) => this.hasQuirk(bit),
      onChange: () => this.#vcpus.forEach((vcpu) => void vcpu.lookAgain()),
    })
    this.partition = new HypervPartition({
      ...{ kernel, driver: kvm.processorHost.drivenBy },
      clock: () => this.time.now,
      counter: () => this.#vcpus[0]?.processor.around.tsc,
      xen: () => this.msrs.xenHypercalls,
      register: (index) => this.msrs.read(index) ?? 0n,
      setRegister: (index, value) => this.msrs.write(index, value),
      store: (address, bytes) => this.guest.slots.writeAt(address, bytes),
      load: (address, bytes) => this.#vcpus[0]?.processor.engine.physical(address)?.subarray(0, bytes),
    })
    this.msrs = new VmMsrs({ kernel, isMapped: (gpa, bytes) => this.memory.holds(gpa, bytes) })
  }

  /** The slots there are. */
  get slots(): readonly Memslot[] {
    return this.memory.slots
  }

  /** The vCPUs there are, in the order in which they were made. */
  get vcpus(): readonly KvmVcpu[] {
    return this.#vcpus
  }

  /** Instructions that its vCPUs have retired. */
  get instructions(): number {
    if (this.#lastRun !== undefined) return this.#retiredByOthers + this.#lastRun.instructions
    let sum = 0
    for (const { instructions } of this.#vcpus) sum += instructions
    return sum
  }

  /**
   * A vCPU is run, and the others are not: whoever asks for the time, which is often, need not look at all of them. Gives who was
   * run before it.
   */
  enters(vcpu: KvmVcpu): KvmVcpu | undefined {
    const last = this.#lastRun
    if (last === vcpu) return undefined
    this.#retiredByOthers = this.instructions - vcpu.instructions
    this.#lastRun = vcpu
    return last
  }

  /** What vCPUs have retired was set from outside. */
  recount(): void {
    this.#lastRun = undefined
  }

  /** KVM_CHECK_EXTENSION on a VM. */
  checkExtension(number: number): number {
    const answer = this.kvm.checkExtension(number)
    const hasOwn = this.#options.type !== 0
    if (number === memoryAttributes) return hasOwn ? answer : 0
    // since there are flags every VM can have guest_memfds
    if (number === guestMemfd) return hasOwn || this.kvm.checkExtension(guestMemfdFlags) !== 0 ? answer : 0
    return number === x2apicApi && this.interrupts.mode !== 'split' ? answer & ~suppressible : answer
  }

  /** KVM_SET_USER_MEMORY_REGION. */
  setUserMemoryRegion(region: MemoryRegion): Answer<number> {
    return this.memory.setRegion(region)
  }

  /** KVM_IOEVENTFD. */
  ioeventfd(call: IoeventfdCall): Answer<number> {
    return this.buses.eventFds.assign(call)
  }

  /** KVM_X86_SET_MSR_FILTER. */
  setMsrFilter(call: SetFilterCall): Answer<number> {
    return this.msrs.setFilter(call)
  }

  /** KVM_RESET_DIRTY_RINGS. */
  resetDirtyRings(): Answer<number> {
    return this.memory.logs.reset(this.#vcpus.flatMap(({ ring }) => ring ?? []))
  }

  /** KVM_REGISTER_COALESCED_MMIO. */
  registerCoalescedMmio(zone: CoalescedZone): Answer<number> {
    const { coalesced, io, mmio } = this.buses
    return coalesced.register(zone, zone.pio === 1 ? io.devices : mmio.devices)
  }

  /** KVM_CREATE_VCPU. */
  createVcpu(given: number | bigint = 0): Answer<KvmVcpu> {
    const outcome = run(this.#calls.createVcpu, this.#createVcpuCase(BigInt(given)))
    if (outcome.kind === 'refused') return outcome.refusal
    if (!this.guest.hasRoom) return noMemory('KVM_CREATE_VCPU')
    const { signalAfter } = this.#options
    const id = Number(outcome.state.id)
    const vcpu = new KvmVcpu({ vm: this, id, processor: this.#createProcessor(id), signalAfter })
    vcpu.enable(this.enabled)
    this.#vcpus.push(vcpu)
    joinApic(this, vcpu)
    return done(vcpu, outcome.unread)
  }

  /** KVM_CREATE_IRQCHIP. */
  createIrqchip(): Answer<number> {
    return this.interrupts.create()
  }

  /** KVM_CREATE_PIT2, with KVM_PIT_SPEAKER_DUMMY or without. */
  createPit2(flags = 0): Answer<number> {
    return this.interrupts.pit.create(flags)
  }

  /** KVM_IRQ_LINE_STATUS. */
  irqLine(gsi: number, level: boolean): Answer<number> {
    return this.interrupts.irqLine(gsi, level)
  }

  /** KVM_SET_GSI_ROUTING. */
  setGsiRouting(entries: readonly GsiRoute[], header?: RoutingHeader): Answer<number> {
    return this.interrupts.setRouting(entries, header)
  }

  /** KVM_SIGNAL_MSI. */
  signalMsi(message: MessageWrite & { readonly flags?: number }): Answer<number> {
    return this.interrupts.signalMsi(message)
  }

  /** KVM_IRQFD. */
  irqfd(call: IrqfdCall): Answer<number> {
    return this.interrupts.irqfd(call)
  }

  /** Whether a quirk of KVM's is on, by its bit. */
  hasQuirk(bit: number): boolean {
    return this.switches.hasQuirk(bit)
  }

  /** KVM_ENABLE_CAP on a VM. */
  enableCap({ cap, flags = 0, args = [], mayReboot = true }: EnableCap): Answer<number> {
    const capability = capabilityNumbered(cap)
    const given = capArguments(args)
    const { pmu, notifyExit } = this.kvm.facts
    const outcome = run(this.#calls.enableCap, {
      ...{ capability: cap, flags, arguments: given, pmu, notifyExit, mayReboot },
      known: enables(capability, 'vm', this.kvm.profile),
      answered: this.checkExtension(cap),
      vcpus: this.#vcpus.length,
      bootId: this.interrupts.bootId,
      module: this.kvm.host.vendorModule,
      // the first vCPU fixes it
      idsOfVm: this.#vcpus.length > 0 ? this.#vcpuIds().idsOfVm : this.switches.idsOfVm,
    })
    if (outcome.kind === 'refused') return outcome.refusal
    const name = capability?.name ?? `${cap}`
    return vmCapabilities[name]?.(this, given) ?? notModelled(`KVM_ENABLE_CAP(${name})`)
  }

  /** Whether it is good for nothing any more. */
  get isDead(): boolean {
    return this.#isDead
  }

  /** From now on no call on it, or on its vCPUs, comes to anything. Gives what the call says that it happened to. */
  die(why: Refusal): Refusal {
    this.#isDead = true
    return why
  }

  /** Enables for all vCPUs, and those to come. */
  enable(change: Partial<VcpuCapabilities>): void {
    Object.assign(this.enabled, change)
    for (const vcpu of this.#vcpus) vcpu.enable(this.enabled)
  }

  #createProcessor(id: number): Processor {
    const { kvm, guest, buses, clock, time } = this
    const { watching, createEngine } = this.#options
    const bootstrap = id === this.interrupts.bootId
    return new Processor({
      id,
      kernel: kvm.profile,
      smm: kvm.facts.smm,
      host: kvm.processorHost,
      bootstrap,
      guest,
      buses,
      clock,
      time,
      watching,
      createEngine,
      switches: switchesOf(this.switches, kvm.host.vendorModule),
    })
  }

  #createVcpuCase(id: bigint): CreateVcpuCase {
    const maxVcpus = Math.max(1, this.checkExtension(maxVcpusOfVm))
    return { id, taken: this.#vcpus.map((vcpu) => vcpu.id), maxVcpus, ...this.#vcpuIds() }
  }

  #vcpuIds(): Pick<CreateVcpuCase, 'maxIds' | 'idsOfVm'> {
    const maxIds = Math.max(1, this.checkExtension(maxVcpuId))
    return { maxIds, idsOfVm: this.switches.idsOfVm === 0 ? maxIds : this.switches.idsOfVm }
  }
}
