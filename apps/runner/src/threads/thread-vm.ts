import { ramSlots } from '@vmm/boot'
import { type CpuidTable, tableOfProcessor } from '@vmm/cpuid'
import { deliveryModes } from '@vmm/device'
import { type KvmOptions, openKvm, type Vm } from '@vmm/kvm'
import type { VmxCapability } from '@vmm/nested-vmx'
import type { Profile } from '@vmm/rule'
import type { OtherProcessors, ProcessorMessage } from '@vmm/vcpu'
import { granted, letWait } from '../guest-vm.ts'
import { keptCode } from '../kept-code.ts'
import { softwareHost } from '../kvm-release.ts'
import { type Request, requests, signalBits } from './board-layout.ts'
import { BoardWords } from './board-words.ts'
import { ApicElsewhere } from './distant-apic.ts'
import { hostClock } from './host-clock.ts'
import { ThreadVcpu } from './thread-vcpu.ts'
import type { ThreadWords } from './thread-words.ts'

/** What a thread of vCPUs is given. */
export interface ThreadOptions {
  readonly index: number
  /** How many vCPUs the machine has. */
  readonly cpus: number
  readonly board: SharedArrayBuffer
  readonly guest: NonNullable<KvmOptions['thread']>['guest']
  readonly kernel: Profile
  readonly cpuid: CpuidTable
  /** What VMX lacks of what it could do. */
  readonly vmxLacks: readonly VmxCapability[] | undefined
  /** When time began, by the host's clock. */
  readonly since: number
  readonly startSeconds: number
  readonly hot: KvmOptions['hot'] | undefined
}

/** KVM_CAP_SPLIT_IRQCHIP, and the inputs of the I/O APIC that is elsewhere. */
const splitIrqchip = { cap: 121, args: [24n] } as const

/**
 * A VM with some of the vCPUs of a machine, which run beside the others in a thread of their own. Their local APICs are here; the rest of
 * the machine is asked.
 */
export class ThreadVm {
  readonly vm: Vm
  readonly vcpus: readonly ThreadVcpu[]
  readonly board: BoardWords
  readonly words: ThreadWords

  constructor({ index, cpus, board, guest, kernel, cpuid, vmxLacks, since, startSeconds, hot }: ThreadOptions) {
    this.board = new BoardWords({ cpus, threads: guest.threads }, board)
    this.words = this.board.thread(index)
    // all emit the same, and one keeps it
    const emitted = keptCode()
    const kvm = openKvm({
      kernel,
      host: softwareHost(kernel),
      thread: { guest, index },
      createClock: () => hostClock(since),
      startedAt: BigInt(startSeconds) * 1_000_000_000n,
      ...(hot === undefined ? {} : { hot }),
      ...(emitted && { emitted: index === 0 ? emitted : { ...emitted, keep: () => {} } }),
    })
    this.vm = granted(kvm.createVm())
    letWait(this.vm, cpuid)
    granted(this.vm.enableCap(splitIrqchip))
    this.#showMemory(guest.memoryBytes)
    const own = this.board.vcpusOf(index)
    this.vcpus = own.map((id) => this.#createVcpu(id, cpuid, vmxLacks))
    for (let other = 0; other < cpus; other += 1)
      if (!own.includes(other)) this.vm.interrupts.apics.joinDistant(new ApicElsewhere(this.board, other))
    this.vm.interrupts.apics.bus.attachListener({
      endOfInterrupt: (vector, trigger) => {
        if (trigger === 'level') this.ask(requests.endOfInterrupt, 0, 0, vector)
      },
    })
    this.reset()
  }

  /** Power-on state, and what firmware leaves. */
  reset(): void {
    this.vm.interrupts.reset()
    for (const vcpu of this.vcpus) vcpu.reset()
    this.vm.guest.blocks.dropAll()
    this.vm.guest.flushTranslations()
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

  /** Takes what others have sent. The PIC of the machine may have a vector for one of these, and is then asked. */
  takeMessages(): void {
    this.words.takeMail((number) => this.vcpus[number]?.takeMessages())
    if (this.board.picOutput) for (const vcpu of this.vcpus) if (vcpu.takesExternal) this.#takeExternal(vcpu)
  }

  /** The PIC's vectors come as user space gives them: KVM_INTERRUPT, when there is a window for one. */
  #takeExternal({ vcpu }: ThreadVcpu): void {
    granted(vcpu.interrupt(this.ask(requests.acknowledge, 0, 0, 0)))
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

  /** Its APIC ID is its number. */
  #createVcpu(id: number, cpuid: CpuidTable, vmxLacks: readonly VmxCapability[] = []): ThreadVcpu {
    const vcpu = granted(this.vm.createVcpu(id))
    granted(vcpu.setCpuid2(tableOfProcessor(cpuid, id)))
    // it is made later than those of other threads, and counts as they do
    this.vm.time.tscs.move(vcpu.processor.around.tsc, 0n)
    const { wires } = vcpu
    if (id === 0) wires.numericError = () => this.ask(requests.numericError, 0, 0, 0) !== 0
    wires.random = () => crypto.getRandomValues(new BigUint64Array(1))[0]!
    if (wires.others !== undefined) wires.others = this.#others(wires.others)
    return new ThreadVcpu(vcpu, this.board.vcpu(id), this.vm.interrupts.apics.all.at(-1)!, vmxLacks)
  }

  /** Hypercalls to vCPUs of this thread are KVM's; those to others are posted. */
  #others(here: OtherProcessors): OtherProcessors {
    const isHere = (apicId: number) => this.vm.vcpus.some((vcpu) => vcpu.apicId === apicId)
    return {
      kick: (apicId) => {
        if (!isHere(apicId) && apicId < this.board.size.cpus) this.board.vcpu(apicId).post(signalBits.unhalt)
        here.kick(apicId)
      },
      yieldTo: (apicId) => here.yieldTo(apicId),
      send: (message) => sendAll(this.vm.interrupts.apics, message),
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
