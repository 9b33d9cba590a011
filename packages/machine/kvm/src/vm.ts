import { capabilityNumbered } from '@vmm/kvm-uapi'
import { resolve, run } from '@vmm/rule'
import { type Answer, done, notModelled } from './answer.ts'
import { VmBuses } from './buses/vm-buses.ts'
import { capArguments, type EnableCap } from './capabilities/enable-cap.ts'
import { vmCapabilities } from './capabilities/vm-capabilities.ts'
import type { Kvm } from './kvm.ts'
import { VmMemory } from './memory/vm-memory.ts'
import { Processor, type Watching } from './processor.ts'
import type { CreateVcpuCase } from './rules/create-vcpu/case.ts'
import { createVcpuPipeline } from './rules/create-vcpu/index.ts'
import { enableCapPipeline } from './rules/enable-cap/index.ts'
import type { MemoryRegion, Memslot } from './rules/set-user-memory-region/case.ts'
import type { CreateVmClock } from './time/vm-clock.ts'
import { KvmVcpu } from './vcpu.ts'

/** What a VM is made with. */
export interface VmOptions {
  readonly kvm: Kvm
  /** Which of its `Kvm`'s it is, from 1. */
  readonly number: number
  readonly memoryBytes: number
  readonly signalAfter: number
  readonly createClock: CreateVmClock
  /** Nanoseconds since 1970 when its clock is at 0. */
  readonly startedAt: bigint
  readonly watching: Watching
}

const maxVcpuId = 128

/** A VM: what its vCPUs share. Methods are named after the calls; each part of it has what they do. */
export class Vm {
  readonly kvm: Kvm
  readonly memory: VmMemory
  readonly buses: VmBuses
  readonly processor: Processor
  readonly #options: VmOptions
  readonly #vcpus: KvmVcpu[] = []
  readonly #calls

  constructor(options: VmOptions) {
    const { kvm, number, memoryBytes, createClock, startedAt, watching } = options
    const { profile: kernel } = kvm
    this.kvm = kvm
    this.#options = options
    this.#calls = { createVcpu: resolve(createVcpuPipeline, kernel), enableCap: resolve(enableCapPipeline, kernel) }
    this.buses = new VmBuses(kernel)
    const { buses } = this
    this.processor = new Processor({ kernel, memoryBytes, buses, createClock, startedAt, watching })
    const checkExtension = (capability: number) => this.checkExtension(capability)
    this.memory = new VmMemory({ kernel, number, processor: this.processor, checkExtension })
  }

  /** The slots there are. */
  get slots(): readonly Memslot[] {
    return this.memory.slots
  }

  /** The vCPUs there are, in the order in which they were made. */
  get vcpus(): readonly KvmVcpu[] {
    return this.#vcpus
  }

  /** KVM_CHECK_EXTENSION on a VM. */
  checkExtension(number: number): number {
    return this.kvm.checkExtension(number)
  }

  /** KVM_SET_USER_MEMORY_REGION. */
  setUserMemoryRegion(region: MemoryRegion): Answer<number> {
    return this.memory.setRegion(region)
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
    const capability = capabilityNumbered(cap)
    const known = capability?.enabledOn.includes('vm') === true && this.checkExtension(cap) !== 0
    const given = capArguments(args)
    const outcome = run(this.#calls.enableCap, { capability: cap, flags, arguments: given, known })
    if (outcome.kind === 'refused') return outcome.refusal
    const name = capability?.name ?? `${cap}`
    return vmCapabilities[name]?.(this, given) ?? notModelled(`KVM_ENABLE_CAP(${name})`)
  }

  #createVcpuCase(id: bigint): CreateVcpuCase {
    const { maxVcpus } = this.kvm.facts
    const maxIds = Math.max(1, this.checkExtension(maxVcpuId))
    return { id, taken: this.#vcpus.map((vcpu) => vcpu.id), maxVcpus, maxIds, idsOfVm: maxIds }
  }
}
