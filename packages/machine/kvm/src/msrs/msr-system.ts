import { type Feature, type Host, has } from '@vmm/cpuid'
import {
  emulatedMsrIndexes,
  featureMsrIndexList,
  listHostOf,
  type MsrHost,
  type MsrKernel,
  msrHostOf,
  msrIndexList,
  msrKernel,
  systemReadEntry,
} from '@vmm/msr'
import { nestedVmxMsrs } from '@vmm/nested-vmx'
import { type Profile, resolve, run } from '@vmm/rule'

/** IA32_VMX_BASIC to IA32_VMX_VMFUNC: what a host tells of them is what its KVM has. */
const firstVmx = 0x480
const lastVmx = 0x491

/** What a kernel knows of MSRs once its module is loaded: the same for every VM. */
export class MsrSystem {
  readonly kernel: MsrKernel
  readonly host: MsrHost
  /** KVM_GET_MSR_INDEX_LIST. */
  readonly saved: readonly number[]
  /** KVM_GET_MSR_FEATURE_INDEX_LIST. */
  readonly features: readonly number[]
  readonly #listed: ReadonlySet<number>
  readonly #emulated: ReadonlySet<number>
  readonly #read

  constructor(profile: Profile, host: Host) {
    const knowledge = { vmx: vmxMsrsOf(profile, host) }
    const lists = listHostOf(profile, host, knowledge)
    this.kernel = msrKernel(profile)
    this.host = msrHostOf(profile, host, knowledge)
    this.saved = msrIndexList(profile, lists).indexes
    this.features = featureMsrIndexList(profile, lists).indexes
    this.#listed = new Set(this.saved)
    this.#emulated = new Set(emulatedMsrIndexes(profile, lists).indexes)
    this.#read = resolve(systemReadEntry, profile)
  }

  /** Which part of KVM_GET_MSR_INDEX_LIST has it. */
  readonly listed = (index: number): 'saved' | 'emulated' | 'not' => {
    if (this.#emulated.has(index)) return 'emulated'
    return this.#listed.has(index) ? 'saved' : 'not'
  }

  /** One entry of KVM_GET_MSRS on `/dev/kvm`: what KVM tells of a feature MSR. */
  readFeature(index: number): bigint | undefined {
    const { featureMsrs: told, ignoreMsrs } = this.host
    const outcome = run(this.#read, { index, told, listed: this.#listed.has(index), ignoreMsrs })
    return outcome.kind === 'done' ? (told.get(index) ?? 0n) : undefined
  }
}

/** The capabilities of nested VMX: what the host's dump has of them, else what KVM makes of the processor. */
function vmxMsrsOf(profile: Profile, host: Host): ReadonlyMap<number, bigint> {
  const dumped = [...host.msrs].filter(([index]) => index >= firstVmx && index <= lastVmx)
  const owns = (feature: Feature) => has(host.cpuid, feature) && !host.cleared.has(feature)
  if (dumped.length > 0 || host.vendorModule !== 'kvm_intel' || !owns('VMX')) return new Map(dumped)
  const processor = {
    has: owns,
    postedInterrupts: (host.params['kvm_intel.enable_apicv'] ?? 1) !== 0,
    // it came with the processors that XSAVES came with
    tscScaling: (host.params['host.tsc_scaling'] ?? (owns('XSAVES') ? 1 : 0)) !== 0,
    sgx: (host.params['kvm_intel.sgx'] ?? 0) !== 0,
  }
  return nestedVmxMsrs(processor, profile)
}
