import { type Pipeline, type Promised, type Refusal, type ResolvedPipeline, resolve, run } from '@vmm/rule'
import { aDiscovery, type DiscoveryCall } from './discovery-call.ts'
import type { CpuidTable } from './entry.ts'
import { keyOf, profileNamed } from './kernel-of.ts'
import { emulatedCpuidPadding } from './rules/discovery/emulated-cpuid-padding.rule.ts'
import { emulatedCpuidTooSmall } from './rules/discovery/emulated-cpuid-too-small.rule.ts'
import { hvCpuidEntries } from './rules/discovery/hv-cpuid-entries.rule.ts'
import { hvCpuidNotBuilt } from './rules/discovery/hv-cpuid-not-built.rule.ts'
import { hvCpuidTooSmall } from './rules/discovery/hv-cpuid-too-small.rule.ts'
import { hvCpuidVcpuOnly } from './rules/discovery/hv-cpuid-vcpu-only.rule.ts'
import { supportedCpuidClamp } from './rules/discovery/supported-cpuid-clamp.rule.ts'
import { supportedCpuidEntriesCopy } from './rules/discovery/supported-cpuid-entries-copy.rule.ts'
import { supportedCpuidHeaderCopy } from './rules/discovery/supported-cpuid-header-copy.rule.ts'
import { supportedCpuidHeaderWrite } from './rules/discovery/supported-cpuid-header-write.rule.ts'
import { supportedCpuidNent } from './rules/discovery/supported-cpuid-nent.rule.ts'
import { supportedCpuidNoMemory } from './rules/discovery/supported-cpuid-no-memory.rule.ts'
import { supportedCpuidNoRoom } from './rules/discovery/supported-cpuid-no-room.rule.ts'
import { supportedCpuidTooSmall } from './rules/discovery/supported-cpuid-too-small.rule.ts'
import { supportedByEmulation } from './supported/emulated-cpuid.ts'
import { type SupportedQuestion, supportedCpuid } from './supported/supported-cpuid.ts'
import { type HypervVcpu, supportedHvCpuid } from './supported/supported-hv-cpuid.ts'

/** The calls that tell what CPUID a guest can be given. */
export type DiscoveryIoctl = 'KVM_GET_SUPPORTED_CPUID' | 'KVM_GET_EMULATED_CPUID' | 'KVM_GET_SUPPORTED_HV_CPUID'

/** Each call as the list of its steps, in the kernel's order. */
export const discoveryPipelines: readonly (Pipeline<DiscoveryCall> & { readonly call: DiscoveryIoctl })[] = [
  {
    call: 'KVM_GET_SUPPORTED_CPUID',
    steps: [
      { kind: 'check', rule: supportedCpuidHeaderCopy },
      { kind: 'check', rule: supportedCpuidNoRoom },
      { kind: 'act', behaviour: supportedCpuidClamp },
      { kind: 'check', rule: supportedCpuidNoMemory },
      { kind: 'check', rule: supportedCpuidTooSmall },
      { kind: 'check', rule: supportedCpuidEntriesCopy },
      { kind: 'act', behaviour: supportedCpuidNent },
      { kind: 'check', rule: supportedCpuidHeaderWrite },
    ],
  },
  {
    call: 'KVM_GET_EMULATED_CPUID',
    steps: [
      { kind: 'check', rule: supportedCpuidHeaderCopy },
      { kind: 'check', rule: supportedCpuidNoRoom },
      { kind: 'act', behaviour: supportedCpuidClamp },
      { kind: 'check', rule: emulatedCpuidPadding },
      { kind: 'check', rule: supportedCpuidNoMemory },
      { kind: 'check', rule: emulatedCpuidTooSmall },
      { kind: 'check', rule: supportedCpuidEntriesCopy },
      { kind: 'act', behaviour: supportedCpuidNent },
      { kind: 'check', rule: supportedCpuidHeaderWrite },
    ],
  },
  {
    call: 'KVM_GET_SUPPORTED_HV_CPUID',
    steps: [
      { kind: 'check', rule: hvCpuidNotBuilt },
      { kind: 'check', rule: hvCpuidVcpuOnly },
      { kind: 'check', rule: supportedCpuidHeaderCopy },
      { kind: 'act', behaviour: hvCpuidEntries },
      { kind: 'check', rule: hvCpuidTooSmall },
      { kind: 'check', rule: supportedCpuidEntriesCopy },
      { kind: 'act', behaviour: supportedCpuidNent },
      { kind: 'check', rule: supportedCpuidHeaderWrite },
    ],
  },
]

/** A call, with room for `nent` entries. What is left out is as it should be. */
export interface Discovery {
  readonly ioctl: DiscoveryIoctl
  readonly nent: number
  /** For Hyper-V's leaves: the vCPU that is asked; left out, `/dev/kvm` is. */
  readonly vcpu?: HypervVcpu
  readonly padding?: 'zero' | 'not zero'
  readonly memory?: 'enough' | 'none'
  /** What of the arguments cannot be used. */
  readonly unusable?: 'header' | 'header, to write' | { readonly afterEntries: number }
}

/** What user space gets: the entries and the `nent` that it reads afterwards, or a refusal. */
export type DiscoveryAnswer = { readonly unread: readonly Promised[] } & (
  | { readonly kind: 'accepted'; readonly entries: CpuidTable; readonly nent: number }
  | Refusal
)

const resolved = new Map<string, ResolvedPipeline<DiscoveryCall>>()

/**
 * What a kernel answers to one of the calls that tell what CPUID a guest can be given, with their errors. Throws a
 * `RangeError` for a kernel that nobody lists.
 *
 * Source: Documentation/virt/kvm/api.rst §4.46, §4.88 and §4.118.
 */
export function discoverCpuid(where: SupportedQuestion, discovery: Discovery): DiscoveryAnswer {
  const { nent, padding = 'zero', memory = 'enough', unusable, vcpu } = discovery
  const header = unusable === 'header' ? 'faults' : unusable === 'header, to write' ? 'read-only' : 'usable'
  const writable = typeof unusable === 'object' ? unusable.afterEntries : nent
  const built = where.host.kconfig['CONFIG_KVM_HYPERV'] !== false
  const before = aDiscovery({
    request: { header, nent, padding, writable },
    memory,
    hyperv: { of: vcpu === undefined ? '/dev/kvm' : 'vCPU', built },
    entries: entriesFor(where, discovery),
  })
  const { state, unread, ...outcome } = run(pipelineFor(where.kernel, discovery.ioctl), before)
  return outcome.kind === 'refused' ? { ...outcome.refusal, unread } : { kind: 'accepted', ...state.told, unread }
}

function entriesFor(where: SupportedQuestion, { ioctl, vcpu }: Discovery): CpuidTable {
  switch (ioctl) {
    case 'KVM_GET_SUPPORTED_CPUID':
      return supportedCpuid(where).entries
    case 'KVM_GET_EMULATED_CPUID': {
      const emulated = supportedByEmulation(where)
      return emulated === 'unknown' ? [] : emulated
    }
    case 'KVM_GET_SUPPORTED_HV_CPUID':
      return supportedHvCpuid(vcpu === undefined ? where : { ...where, vcpu }).entries
    default:
      return ioctl satisfies never
  }
}

function pipelineFor(kernel: SupportedQuestion['kernel'], ioctl: DiscoveryIoctl): ResolvedPipeline<DiscoveryCall> {
  const profile = profileNamed(kernel)
  const key = `${ioctl} ${keyOf(profile)}`
  const before = resolved.get(key)
  if (before !== undefined) return before
  const pipeline = resolve(discoveryPipelines.find(({ call }) => call === ioctl)!, profile)
  resolved.set(key, pipeline)
  return pipeline
}
