import { type CpuidTable, type Host, supportedCpuid } from '@vmm/cpuid'
import type { Profile } from '@vmm/rule'
import type { VcpuHost } from '@vmm/vcpu'
import { processorHost } from './host-facts.ts'
import { MsrSystem } from './msrs/msr-system.ts'

/** What the module of a release works out of a host once, when it is loaded. Here each is found out when somebody asks. */
export class LoadedModule {
  readonly #profile: Profile
  readonly #host: Host
  readonly #supported = new Map<bigint, CpuidTable>()
  #msrs: MsrSystem | undefined
  #processorHost: VcpuHost | undefined

  constructor(profile: Profile, host: Host) {
    this.#profile = profile
    this.#host = host
  }

  /** KVM_GET_SUPPORTED_CPUID, for a process with these permissions: whoever asks may change what is answered. */
  supported(permitted: bigint): CpuidTable {
    const known = this.#supported.get(permitted)
    const entries = known ?? supportedCpuid({ kernel: this.#profile, host: this.#host, permitted }).entries
    if (known === undefined && this.#supported.size < permissionsAtMost) this.#supported.set(permitted, entries)
    return entries.map((entry) => ({ ...entry }))
  }

  get msrs(): MsrSystem {
    this.#msrs ??= new MsrSystem(this.#profile, this.#host)
    return this.#msrs
  }

  /** The host as its vCPUs show it. */
  get processorHost(): VcpuHost {
    this.#processorHost ??= processorHost(this.#host, this.supported(0n))
    return this.#processorHost
  }
}

/** There are not many components of XCR0 that a process needs leave to give. */
const permissionsAtMost = 16

/** Modules by the host that they are loaded on, and by their profile. */
const loaded = new WeakMap<Host, Map<string, LoadedModule>>()

/** The module of a release on a host: every `/dev/kvm` of a process that has the same has it from the same one. */
export function loadedModule(profile: Profile, host: Host): LoadedModule {
  const ofHost = loaded.get(host) ?? new Map<string, LoadedModule>()
  const name = [profile.kernel, profile.bugs, ...profile.proposals].join(' ')
  const module = ofHost.get(name) ?? new LoadedModule(profile, host)
  loaded.set(host, ofHost.set(name, module))
  return module
}
