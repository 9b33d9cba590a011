import { ramSlots } from '@vmm/boot'
import { type CpuidTable, tableOfProcessor } from '@vmm/cpuid'
import { deliveryModes } from '@vmm/device'
import { type KvmOptions, type KvmVcpu, openKvm, type Vm } from '@vmm/kvm'
import type { Profile } from '@vmm/rule'
import type { ProcessorMessage } from '@vmm/vcpu'
import { granted, setMsrs } from '../guest-vm.ts'
import { keptCode } from '../kept-code.ts'
import { softwareHost } from '../kvm-release.ts'
import { BoardWords, type Request, requests, signalBits, type VcpuWords } from './board-words.ts'
import { ApicElsewhere } from './distant-apic.ts'
import { hostClock } from './host-clock.ts'

/** What a vCPU's thread is given. */
export interface ThreadOptions {
  readonly index: number
  readonly board: SharedArrayBuffer
  readonly guest: NonNullable<KvmOptions['thread']>['guest']
  readonly kernel: Profile
  readonly cpuid: CpuidTable
  /** When time began, by the host's clock. */
  readonly since: number
  readonly startSeconds: number
  readonly hot: KvmOptions['hot'] | undefined
}

/** KVM_CAP_SPLIT_IRQCHIP, and the inputs of the I/O APIC that is elsewhere. */
const splitIrqchip = { cap: 121, args: [24n] } as const
/** What a page of an APIC has of its logical identity. */
const inPage = { logicalDestination: 0xd0, destinationFormat: 0xe0 } as const

/**
 * A VM with one vCPU of a machine, which runs beside the others in a thread of its own. Its local APIC is here; the rest of the
 * machine is asked.
 */
export class ThreadVm {
  readonly vm: Vm
  readonly vcpu: KvmVcpu
  readonly board: BoardWords
  readonly words: VcpuWords
  readonly #told = { flags: -1, id: -1, logicalId: -1, destinationFormat: -1 }

  constructor({ index, board, guest, kernel, cpuid, since, startSeconds, hot }: ThreadOptions) {
    this.board = new BoardWords(guest.processors, board)
    this.words = this.board.vcpu(index)
    // all emit the same, and one keeps it
    const emitted = keptCode()
    const kvm = openKvm({
      kernel,
      host: softwareHost(),
      thread: { guest, index },
      createClock: () => hostClock(since),
      startedAt: BigInt(startSeconds) * 1_000_000_000n,
      ...(hot === undefined ? {} : { hot }),
      ...(emitted && { emitted: index === 0 ? emitted : { ...emitted, keep: () => {} } }),
    })
    this.vm = granted(kvm.createVm())
    granted(this.vm.enableCap(splitIrqchip))
    this.#showMemory(guest.memoryBytes)
    this.vcpu = granted(this.vm.createVcpu(index))
    granted(this.vcpu.setCpuid2(tableOfProcessor(cpuid, index)))
    // it is made later than the others, and counts as they do
    this.vm.time.tscs.move(this.vcpu.processor.around.tsc, 0n)
    for (let other = 0; other < guest.processors; other += 1)
      if (other !== index) this.vm.interrupts.apics.joinDistant(new ApicElsewhere(this.board, other))
    this.vm.interrupts.apics.bus.attachListener({
      endOfInterrupt: (vector, trigger) => {
        if (trigger === 'level') this.ask(requests.endOfInterrupt, 0, 0, vector)
      },
    })
    this.#wire()
    this.reset()
  }

  /** Power-on state, and what firmware leaves. */
  reset(): void {
    this.vm.interrupts.reset()
    this.vcpu.reset()
    setMsrs(this.vcpu)
    this.vm.guest.blocks.dropAll()
    this.vm.guest.flushTranslations()
    this.tellApic()
  }

  /** Asks the machine's thread; until it has answered nobody waits for this one. */
  ask(request: Request, place: number, size: number, value: number): number {
    return this.asleep(() => this.words.ask(request, place, size, value))
  }

  /** Does something during which no vCPU runs here. */
  asleep<T>(act: () => T): T {
    const together = this.vm.guest.together!
    together.park()
    const done = act()
    together.unpark()
    return done
  }

  /** Takes what others have sent. Gives whether the PIC of the machine has a vector for it, and can be asked. */
  takeMessages(): void {
    const [apic] = this.vm.interrupts.apics.all
    const signals = this.words.takeSignals()
    if (signals !== 0) this.#takeSignals(signals)
    for (const trigger of ['edge', 'level'] as const)
      for (const vector of this.words.takeVectors(trigger))
        apic?.accept({ vector, delivery: 'fixed', destination: 0, destinationMode: 'physical', trigger })
    this.#takeExternal()
  }

  /** What others must know of its APIC, where that has changed. */
  readonly tellApic = (): void => {
    const [apic] = this.vm.interrupts.apics.all
    if (apic === undefined) return
    const { enabled, softwareEnabled, x2apicMode, id, page } = apic
    const flags = (enabled ? 1 : 0) | (softwareEnabled ? 2 : 0) | (x2apicMode ? 4 : 0)
    const logicalId = page.read(inPage.logicalDestination, 4)
    const destinationFormat = page.read(inPage.destinationFormat, 4)
    const told = this.#told
    const isSame = told.flags === flags && told.id === id && told.logicalId === logicalId
    if (isSame && told.destinationFormat === destinationFormat) return
    Object.assign(told, { flags, id, logicalId, destinationFormat })
    this.words.apic = { enabled, softwareEnabled, x2apicMode, id, logicalId, destinationFormat }
  }

  #takeSignals(signals: number): void {
    const { vcpu } = this
    if (signals & signalBits.nmi) vcpu.signal({ kind: 'nmi' })
    if (signals & signalBits.smi) vcpu.signal({ kind: 'smi' })
    if (signals & signalBits.unhalt) vcpu.signal({ kind: 'unhalt' })
    if (signals & signalBits.ignoreNumericError) vcpu.ignoreNumericError()
    if (signals & signalBits.init) vcpu.signal({ kind: 'init' })
    if (signals & signalBits.startup) vcpu.signal({ kind: 'startup', vector: this.words.startup })
  }

  /** The PIC's vectors come as user space gives them: KVM_INTERRUPT, when there is a window for one. */
  #takeExternal(): void {
    const external = this.vcpu.wires.interrupts?.localApic?.external
    const isAsked = this.board.picOutput && external !== undefined && external.vector === undefined && external.accepts
    if (isAsked) granted(this.vcpu.interrupt(this.ask(requests.acknowledge, 0, 0, 0)))
  }

  #showMemory(memoryBytes: number): void {
    let offset = 0
    for (const [slot, { address, bytes }] of ramSlots(memoryBytes).entries()) {
      const [guest_phys_addr, memory_size] = [BigInt(address), BigInt(bytes)]
      const userspace_addr = this.vm.memory.address + BigInt(offset)
      granted(this.vm.setUserMemoryRegion({ slot, flags: 0, guest_phys_addr, memory_size, userspace_addr }))
      offset += bytes
    }
  }

  #wire(): void {
    const { wires } = this.vcpu
    const { apics } = this.vm.interrupts
    const { interrupts, others } = wires
    if (interrupts !== undefined) wires.interrupts = toldOf(interrupts, this.tellApic)
    if (this.vcpu.id === 0) wires.numericError = () => this.ask(requests.numericError, 0, 0, 0) !== 0
    wires.random = () => crypto.getRandomValues(new BigUint64Array(1))[0]!
    wires.others = {
      kick: (apicId) => {
        this.board.vcpu(apicId).post(signalBits.unhalt)
        others?.yieldTo(apicId)
      },
      yieldTo: () => {},
      send: (message) => sendAll(apics, message),
    }
  }
}

/** KVM_HC_SEND_IPI. Source: arch/x86/kvm/lapic.c kvm_pv_send_ipi (Linux 6.12). */
function sendAll(
  apics: Vm['interrupts']['apics'],
  { apicIds, vector, deliveryMode, trigger }: ProcessorMessage,
): number {
  const delivery = deliveryModes[deliveryMode]
  if (delivery === undefined) return 0
  const sent = (destination: number) =>
    Math.max(0, apics.send({ vector, delivery, destination, destinationMode: 'physical', trigger }))
  return apicIds.reduce((taken, destination) => taken + sent(destination), 0)
}

type Interrupts = NonNullable<KvmVcpu['wires']['interrupts']>

/** The APIC of a vCPU, which others are told of when software has set it. */
function toldOf(interrupts: Interrupts, tell: () => void): Interrupts {
  const page = interrupts.page!
  return {
    ...interrupts,
    localApic: interrupts.localApic,
    interruptPending: () => interrupts.interruptPending(),
    acknowledge: () => interrupts.acknowledge(),
    readApicMsr: (index) => interrupts.readApicMsr(index),
    writeApicMsr: (index, value, initiator) => {
      const accepted = interrupts.writeApicMsr(index, value, initiator)
      tell()
      return accepted
    },
    get taskPriority() {
      return interrupts.taskPriority
    },
    set taskPriority(value) {
      interrupts.taskPriority = value
    },
    page: {
      get base() {
        return page.base
      },
      length: page.length,
      read: (offset, size) => page.read(offset, size),
      write: (offset, size, value) => {
        page.write(offset, size, value)
        tell()
      },
    },
  }
}
