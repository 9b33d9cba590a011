import { type Feature, features, featuresOf, findEntry, type Host, supportedCpuid, vendorRulesOf } from '@vmm/cpuid'
import { deedInForce, type Profile } from '@vmm/rule'
import { msrs } from './all.ts'
import { featureMsrValues } from './feature-values.ts'
import type { ListHost } from './index-lists.ts'
import type { MsrHost } from './kvm-call.ts'
import type { MsrGuest } from './msr.ts'
import { eferSupported } from './rules/feature-values/efer-supported.rule.ts'
import type { FeatureHost } from './rules/feature-values/host.ts'
import { existsFor } from './verdict.ts'

/** What a dump of a host does not tell, and its kernel knows. */
export interface HostKnowledge {
  /**
   * Flaws that the kernel says the processor has. Left out: every one whose NO bit in IA32_ARCH_CAPABILITIES an Intel
   * processor lacks, and no other.
   */
  readonly bugs?: FeatureHost['bugs']
  /** Capabilities of nested VMX that KVM has there, by index; none where it has no nested VMX. */
  readonly vmx?: ReadonlyMap<number, bigint>
}

const noBit: Readonly<Record<'meltdown' | 'ssb' | 'mds' | 'taa' | 'gds' | 'rfds' | 'its', number>> = {
  meltdown: 0,
  ssb: 4,
  mds: 5,
  taa: 8,
  gds: 26,
  rfds: 27,
  its: 62,
}

const moduleOf = ({ vendorModule }: Host) => (vendorModule === 'kvm_amd' ? 'kvm_amd' : 'kvm_intel')
const parameter = ({ params }: Host, name: string, otherwise: number) => params[name] ?? otherwise
const isSet = ({ kconfig }: Host, name: string) => (kconfig[name] ?? true) !== false

/** Features of the hardware that its kernel uses. */
function ownFeatures(host: Host): ReadonlySet<Feature> {
  return new Set([...featuresOf(host.cpuid, features)].filter((feature) => !host.cleared.has(feature)))
}

/** Whether the processor itself has an MSR: its dump says so, or its features bring it into being. */
function readableOn(host: Host): (index: number) => boolean {
  const own = featuresOf(host.cpuid, features)
  const counters = findEntry(host.cpuid, 0x0a, 0)
  const processor: MsrGuest = {
    has: (feature) => own.has(feature),
    vendor: vendorRulesOf(host.cpuid),
    physicalAddressWidth: host.physicalAddressWidth,
    peek: (index) => host.msrs.get(index) ?? 0n,
    perfmon: {
      version: (counters?.eax ?? 0) & 0xff,
      generalCounters: ((counters?.eax ?? 0) >> 8) & 0xff,
      fixedCounters: (counters?.edx ?? 0) & 0x1f,
    },
  }
  const there = new Set(msrs.filter((msr) => existsFor(msr, processor)).map(({ index }) => index))
  return (index) => host.msrs.has(index) || there.has(index)
}

/** What KVM of one release finds on a host when it makes its lists of MSRs. */
export function listHostOf(profile: Profile, host: Host, knowledge: HostKnowledge = {}): ListHost {
  const { entries } = supportedCpuid({ kernel: profile, host })
  const supported = featuresOf(entries, features)
  const counters = findEntry(host.cpuid, 0x0a, 0)
  const told = featureMsrValues(profile, featureHostOf(host, knowledge)).get(0x10a) ?? 0n
  const pmu = parameter(host, 'kvm.enable_pmu', 1) !== 0
  return {
    module: moduleOf(host),
    readable: readableOn(host),
    supports: (feature) => supported.has(feature),
    mpx: supported.has('MPX'),
    nestedVmx: parameter(host, 'kvm_intel.nested', 1) !== 0 && knowledge.vmx?.size !== 0,
    hyperV: isSet(host, 'CONFIG_KVM_HYPERV'),
    smm: isSet(host, 'CONFIG_KVM_SMM'),
    pmu,
    generalCounters: pmu ? ((counters?.eax ?? 0) >> 8) & 0xff : 0,
    fixedCounters: pmu ? (counters?.edx ?? 0) & 0x1f : 0,
    amdGlobalCounters: supported.has('PERFMON_V2'),
    traceRanges: (findEntry(host.cpuid, 0x14, 1)?.eax ?? 0) & 7,
    tsxCtrl: ((told >> 7n) & 1n) === 1n,
    xss: supportedXss(entries),
  }
}

/** What of a host decides the values of its feature MSRs. */
export function featureHostOf(host: Host, { bugs, vmx }: HostKnowledge = {}): FeatureHost {
  const own = ownFeatures(host)
  const nested = parameter(host, 'kvm_intel.nested', 1) !== 0
  return {
    module: moduleOf(host),
    readMsr: (index) => host.msrs.get(index),
    bugs: bugs ?? likelyBugs(host),
    rtm: own.has('RTM'),
    flushesBeforeEntry: true,
    gathersMitigated: true,
    lfenceSerializes: own.has('SSE2'),
    pmu: parameter(host, 'kvm.enable_pmu', 1) !== 0,
    branchRecords: own.has('PDCM'),
    sampling: own.has('DS') && own.has('DTES64'),
    vmx: nested ? (vmx ?? new Map()) : new Map(),
  }
}

/** A host as the handlers of MSRs see it. */
export function msrHostOf(profile: Profile, host: Host, knowledge: HostKnowledge = {}): MsrHost {
  const own = ownFeatures(host)
  const module = moduleOf(host)
  const { entries } = supportedCpuid({ kernel: profile, host })
  const asked = { module, features: own, nestedSvm: parameter(host, 'kvm_amd.nested', 1) !== 0 } as const
  return {
    module,
    features: own,
    linearAddressWidth: own.has('LA57') ? 57 : 48,
    featureMsrs: featureMsrValues(profile, featureHostOf(host, knowledge)),
    xss: supportedXss(entries),
    efer: deedInForce(eferSupported, profile)?.(asked) ?? 0n,
    ignoreMsrs: parameter(host, 'kvm.ignore_msrs', 0) !== 0,
    tracesGuests: parameter(host, 'kvm_intel.pt_mode', 0) === 1,
    branchVirtualization: module === 'kvm_amd' && parameter(host, 'kvm_amd.lbrv', 1) !== 0 && own.has('LBR_VIRT'),
    smm: isSet(host, 'CONFIG_KVM_SMM'),
    stealTime: isSet(host, 'CONFIG_SCHED_INFO'),
    hyperV: isSet(host, 'CONFIG_KVM_HYPERV'),
  }
}

/** CPUID leaf 0DH.1 tells of IA32_XSS in ECX and EDX. */
function supportedXss(entries: Host['cpuid']): bigint {
  const leaf = findEntry(entries, 0x0d, 1)
  return BigInt(leaf?.ecx ?? 0) | (BigInt(leaf?.edx ?? 0) << 32n)
}

function likelyBugs(host: Host): FeatureHost['bugs'] {
  if (moduleOf(host) === 'kvm_amd') return new Set(['ssb'])
  const told = host.msrs.get(0x10a) ?? 0n
  const names = Object.keys(noBit) as (keyof typeof noBit)[]
  return new Set(names.filter((name) => ((told >> BigInt(noBit[name])) & 1n) === 0n))
}
