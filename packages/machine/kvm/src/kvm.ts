import { type CpuidTable, type Host, supportedByEmulation } from '@vmm/cpuid'
import { checkExtension, type HostFacts } from '@vmm/kvm-uapi'
import { type NestedFormat, type NestedKernel, nestedKernel } from '@vmm/nested-vmx'
import { type Profile, resolve, run } from '@vmm/rule'
import type { VcpuHost } from '@vmm/vcpu'
import { type Answer, done } from './answer.ts'
import { factsOf } from './host-facts.ts'
import { type LoadedModule, loadedModule } from './loaded-module.ts'
import type { MsrSystem } from './msrs/msr-system.ts'
import { type KvmOptions, profileFrom } from './options.ts'
import { createVmPipeline } from './rules/create-vm/index.ts'
import { createInstructionClock } from './time/vm-clock.ts'
import { Vm } from './vm.ts'

const apiVersion = 12
/** KVM_CAP_VM_TYPES. */
const vmTypes = 235
const defaultMemory = 64 << 20
const defaultSignal = 10_000_000

/** `/dev/kvm` of one kernel release on one host. Methods are named after the calls. */
export class Kvm {
  readonly profile: Profile
  readonly host: Host
  readonly facts: HostFacts
  /** Nested state as the release has it, and what of it the vendor module has. */
  readonly nested: NestedKernel
  readonly nestedFormat: NestedFormat | undefined
  readonly #options: KvmOptions
  readonly #createVm
  readonly #loaded: LoadedModule
  #vms = 0

  /** @throws {RangeError} if nobody has listed the release. */
  constructor(options: KvmOptions) {
    this.profile = profileFrom(options)
    this.host = options.host
    this.nested = nestedKernel(this.profile)
    const { vendorModule: module, params } = options.host
    this.nestedFormat = this.nested.formatOf({ module, nested: (params[`${module}.nested`] ?? 1) !== 0 })
    this.facts = factsOf(options.host, this.nested.bytesOf(this.nestedFormat))
    this.#options = options
    this.#loaded = loadedModule(this.profile, options.host)
    this.#createVm = resolve(createVmPipeline, this.profile)
  }

  /** KVM_GET_API_VERSION. */
  getApiVersion(): number {
    return apiVersion
  }

  /** KVM_CHECK_EXTENSION: 0 for what the release does not have, and where nobody has read whether it does. */
  checkExtension(capability: number): number {
    const answer = checkExtension(capability, this.profile, this.facts)
    return answer.kind === 'answer' ? answer.value : 0
  }

  /** KVM_GET_VCPU_MMAP_SIZE: `kvm_run`, the data of port accesses, and the ring of collected stores. */
  getVcpuMmapSize(): number {
    return 3 * 4096
  }

  /** KVM_GET_SUPPORTED_CPUID. */
  getSupportedCpuid(permitted = 0n): CpuidTable {
    return this.#loaded.supported(permitted)
  }

  /** KVM_GET_EMULATED_CPUID; nothing where nobody has read what the release emulates. */
  getEmulatedCpuid(): CpuidTable {
    const told = supportedByEmulation({ kernel: this.profile, host: this.host })
    return told === 'unknown' ? [] : told
  }

  /** What it knows of MSRs: found out when somebody asks. */
  get msrs(): MsrSystem {
    return this.#loaded.msrs
  }

  /** The host as its vCPUs show it: found out when the first is made. */
  get processorHost(): VcpuHost {
    return this.#loaded.processorHost
  }

  /** KVM_GET_MSR_INDEX_LIST. */
  getMsrIndexList(): readonly number[] {
    return this.msrs.saved
  }

  /** KVM_GET_MSR_FEATURE_INDEX_LIST. */
  getMsrFeatureIndexList(): readonly number[] {
    return this.msrs.features
  }

  /** One entry of KVM_GET_MSRS: what is told of a feature MSR, or `undefined` where none is of that number. */
  getMsr(index: number): bigint | undefined {
    return this.msrs.readFeature(index)
  }

  /** Told of every copy from and to user memory. */
  get onCopy(): KvmOptions['onCopy'] {
    return this.#options.onCopy
  }

  /** KVM_CREATE_VM. */
  createVm(type = 0n): Answer<Vm> {
    const outcome = run(this.#createVm, { type, types: BigInt(Math.max(1, this.checkExtension(vmTypes))) })
    if (outcome.kind === 'refused') return outcome.refusal
    const { signalAfter = defaultSignal } = this.#options
    const { memoryBytes = this.#options.thread?.guest.memoryBytes ?? defaultMemory } = this.#options
    const { createClock = createInstructionClock, startedAt = 0n, watching = {}, createEngine } = this.#options
    const { hot, emitted, thread } = this.#options
    this.#vms += 1
    const number = this.#vms
    const { privateBytes = type === 0n ? 0 : memoryBytes } = this.#options
    const made = { kvm: this, number, type: Number(type), memoryBytes, privateBytes }
    return done(new Vm({ ...made, signalAfter, createClock, startedAt, watching, createEngine, hot, emitted, thread }))
  }
}

/**
 * Opens `/dev/kvm` as a release on a host has it.
 * @throws {RangeError} if nobody has listed the release.
 */
export function openKvm(options: KvmOptions): Kvm {
  return new Kvm(options)
}
