import { exitHypercallPipeline } from '@vmm/hypercall'
import { capabilityNumbered } from '@vmm/kvm-uapi'
import { resolve, run } from '@vmm/rule'
import type { MemorySlot } from '@vmm/wasm-engine'
import { type Answer, done, notModelled } from './answer.ts'
import type { Kvm } from './kvm.ts'
import { Processor } from './processor.ts'
import type { CreateVcpuCase } from './rules/create-vcpu/case.ts'
import { createVcpuPipeline } from './rules/create-vcpu/index.ts'
import { enableCapPipeline } from './rules/enable-cap/index.ts'
import { type MemoryRegion, type Memslot, memReadonly } from './rules/set-user-memory-region/case.ts'
import { memoryRegionPipeline } from './rules/set-user-memory-region/index.ts'
import { KvmVcpu } from './vcpu.ts'

/** What a VM is made with. */
export interface VmOptions {
  readonly kvm: Kvm
  /** Which of its `Kvm`'s it is, from 1. */
  readonly number: number
  readonly memoryBytes: number
  readonly signalAfter: number
}

/** User memory that guest memory can be made of, and where user space has it mapped. */
export interface GuestMemory {
  readonly address: bigint
  readonly bytes: Uint8Array
}

/** What KVM_ENABLE_CAP is told beside the capability. */
export interface EnableCap {
  readonly cap: number
  readonly flags?: number
  readonly args?: readonly bigint[]
}

/** VMs' memory is mapped a tebibyte apart. */
const firstMapping = 0x7000_0000_0000n
const mappingStride = 0x100_0000_0000n
const capability = {
  memslots: 10,
  addressSpaces: 118,
  maxVcpuId: 128,
  exceptionPayload: 164,
  exitHypercall: 201,
  tripleFault: 218,
} as const
/** Slots beyond those of user space. Source: arch/x86/include/asm/kvm_host.h KVM_INTERNAL_MEM_SLOTS (Linux 6.12). */
const internalMemslots = 3
/** SMM's address space is shown to nobody yet. */
const ordinarySpace = (slot: number): boolean => slot >>> 16 === 0

/** A VM: memory slots, and one vCPU. */
export class Vm {
  readonly kvm: Kvm
  readonly memory: GuestMemory
  readonly processor: Processor
  readonly #options: VmOptions
  readonly #vcpus: KvmVcpu[] = []
  readonly #calls
  #slots: readonly Memslot[] = []

  constructor(options: VmOptions) {
    const { kvm, number, memoryBytes } = options
    this.kvm = kvm
    this.#options = options
    this.#calls = {
      memoryRegion: resolve(memoryRegionPipeline, kvm.profile),
      createVcpu: resolve(createVcpuPipeline, kvm.profile),
      enableCap: resolve(enableCapPipeline, kvm.profile),
      exitHypercall: resolve(exitHypercallPipeline, kvm.profile),
    }
    this.processor = new Processor(memoryBytes, kvm.profile)
    const address = firstMapping + BigInt(number) * mappingStride
    this.memory = { address, bytes: this.processor.slots.memory }
  }

  /** The slots there are. */
  get slots(): readonly Memslot[] {
    return this.#slots
  }

  /** KVM_CHECK_EXTENSION on a VM. */
  checkExtension(number: number): number {
    return this.kvm.checkExtension(number)
  }

  /** KVM_SET_USER_MEMORY_REGION. */
  setUserMemoryRegion(region: MemoryRegion): Answer<number> {
    const addressSpaces = Math.max(1, this.checkExtension(capability.addressSpaces))
    const before = {
      region,
      slots: this.#slots,
      addressSpaces,
      slotsOfSpace: this.checkExtension(capability.memslots) + internalMemslots,
    }
    const outcome = run(this.#calls.memoryRegion, before)
    if (outcome.kind === 'refused') return outcome.refusal
    this.#slots = outcome.state.slots
    const shown = this.#slots.filter(({ slot }) => ordinarySpace(slot)).map((slot) => this.#shown(slot))
    this.processor.show(shown)
    return done(0, outcome.unread)
  }

  /** KVM_CREATE_VCPU. */
  createVcpu(id: number | bigint = 0): Answer<KvmVcpu> {
    const outcome = run(this.#calls.createVcpu, this.#createVcpuCase(BigInt(id)))
    if (outcome.kind === 'refused') return outcome.refusal
    const vcpu = new KvmVcpu({ vm: this, id: Number(id), signalAfter: this.#options.signalAfter })
    this.#vcpus.push(vcpu)
    return done(vcpu, outcome.unread)
  }

  /** KVM_ENABLE_CAP on a VM. */
  enableCap({ cap, flags = 0, args = [] }: EnableCap): Answer<number> {
    const [first = 0n, second = 0n, third = 0n, fourth = 0n] = args
    const known = capabilityNumbered(cap)?.enabledOn.includes('vm') === true && this.checkExtension(cap) !== 0
    const asked = { capability: cap, flags, arguments: [first, second, third, fourth], known } as const
    const outcome = run(this.#calls.enableCap, asked)
    if (outcome.kind === 'refused') return outcome.refusal
    return this.#enable(cap, first)
  }

  #enable(cap: number, argument: bigint): Answer<number> {
    const { vcpu } = this.processor
    switch (cap) {
      case capability.exceptionPayload:
        vcpu.capabilities.exceptionPayload = argument !== 0n
        return done(0)
      case capability.tripleFault:
        vcpu.capabilities.tripleFault = argument !== 0n
        return done(0)
      case capability.exitHypercall:
        return this.#exitHypercall(argument)
      default:
        return notModelled(`KVM_ENABLE_CAP(${capabilityNumbered(cap)?.name ?? cap})`)
    }
  }

  #exitHypercall(asked: bigint): Answer<number> {
    const { vcpu } = this.processor
    const outcome = run(this.#calls.exitHypercall, { asked, exits: BigInt(vcpu.hypercallExits) })
    if (outcome.kind === 'refused') return outcome.refusal
    vcpu.hypercallExits = Number(outcome.state.exits)
    return done(0, outcome.unread)
  }

  #createVcpuCase(id: bigint): CreateVcpuCase {
    const { maxVcpus } = this.kvm.facts
    const maxIds = Math.max(1, this.checkExtension(capability.maxVcpuId))
    return { id, taken: this.#vcpus.map((vcpu) => vcpu.id), maxVcpus, maxIds, idsOfVm: maxIds }
  }

  /** A slot whose user memory is not there at all is nowhere: what the guest finds there is a bad address. */
  #shown({ guest_phys_addr, memory_size, userspace_addr, flags }: Memslot): MemorySlot | undefined {
    const offset = userspace_addr - this.memory.address
    if (offset < 0n || offset + memory_size > BigInt(this.memory.bytes.length)) return undefined
    const [address, bytes] = [Number(guest_phys_addr), Number(memory_size)]
    return { address, bytes, offset: Number(offset), readOnly: (flags & memReadonly) !== 0 }
  }
}
