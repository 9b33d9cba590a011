import type { Feature } from '@vmm/cpuid'
import { inForce, type Profile, versionInForce } from '@vmm/rule'
import { type ListCondition, type ListRow, listRows } from './rules/index-list/index-lists.rows.ts'
import { listOrder } from './rules/index-list/list-order.rule.ts'

/** What a host has that decides which MSRs KVM lists on it. */
export interface ListHost {
  readonly module: 'kvm_intel' | 'kvm_amd'
  /** Whether RDMSR of the host's own processor answers. */
  readonly readable: (index: number) => boolean
  /** Features that KVM supports on this host. */
  readonly supports: (feature: Feature) => boolean
  readonly mpx: boolean
  /** kvm_intel's `nested`. */
  readonly nestedVmx: boolean
  /** CONFIG_KVM_HYPERV, and CONFIG_KVM_SMM where the module can run SMM. */
  readonly hyperV: boolean
  readonly smm: boolean
  /** `enable_pmu`. */
  readonly pmu: boolean
  readonly generalCounters: number
  readonly fixedCounters: number
  /** AMD's second version of performance monitoring. */
  readonly amdGlobalCounters: boolean
  /** Address ranges that Processor Trace filters by. */
  readonly traceRanges: number
  /** IA32_ARCH_CAPABILITIES.TSX_CTRL, as KVM tells of it. */
  readonly tsxCtrl: boolean
  /** Bits of IA32_XSS that KVM supports. */
  readonly xss: bigint
}

/** A list of MSRs, and those of which nobody has read whether this release has them. */
export interface MsrList {
  readonly indexes: readonly number[]
  readonly unread: readonly number[]
}

/** What KVM_GET_MSR_INDEX_LIST gives: the registers that user space saves and restores, in the kernel's order. */
export function msrIndexList(profile: Profile, host: ListHost): MsrList {
  const order = versionInForce(listOrder, profile)
  const parts = order.kind === 'version' ? order.version.does({ list: 'saved', pmu: host.pmu }) : []
  return collect(parts, profile, host)
}

/** The part of that list which KVM emulates, instead of saving it from hardware. */
export function emulatedMsrIndexes(profile: Profile, host: ListHost): MsrList {
  return collect(['emulated'], profile, host)
}

/** What KVM_GET_MSR_FEATURE_INDEX_LIST gives. */
export function featureMsrIndexList(profile: Profile, host: ListHost): MsrList {
  const order = versionInForce(listOrder, profile)
  const parts = order.kind === 'version' ? order.version.does({ list: 'features', pmu: host.pmu }) : []
  return collect(parts, profile, host)
}

function collect(parts: readonly ListRow['part'][], profile: Profile, host: ListHost): MsrList {
  const indexes: number[] = []
  const unread: number[] = []
  for (const part of parts)
    for (const row of listRows.filter((each) => each.part === part)) {
      const stands = inForce(row.lifetime, profile)
      if (stands === 'no') continue
      const listed = row.indexes.filter((index, at) => isListed(row, index, at, host))
      ;(stands === 'yes' ? indexes : unread).push(...listed)
    }
  return { indexes, unread: [...new Set(unread)] }
}

/** Hardware is asked for what is saved from it; the rest is decided by what KVM can do. */
function isListed(row: ListRow, index: number, at: number, host: ListHost): boolean {
  const fromHardware = ['saved', 'dynamic', 'perfmon'].includes(row.part)
  if (fromHardware && !host.readable(index)) return false
  return row.when === undefined || meets(row.when, at, host)
}

const simple: { readonly [C in ListCondition]?: (host: ListHost) => boolean } = {
  MPX: ({ mpx }) => mpx,
  'RDTSCP or RDPID': ({ supports }) => supports('RDTSCP') || supports('RDPID'),
  WAITPKG: ({ supports }) => supports('WAITPKG'),
  PT: ({ supports }) => supports('INTEL_PT'),
  'PT CR3 filter': ({ supports }) => supports('INTEL_PT') && supports('PT_CR3_FILTER'),
  'PT output': ({ supports }) => supports('INTEL_PT') && (supports('PT_TOPA') || supports('PT_SINGLE_RANGE')),
  'AMD global counters': ({ amdGlobalCounters }) => amdGlobalCounters,
  XFD: ({ supports }) => supports('XFD'),
  TSX_CTRL: ({ tsxCtrl }) => tsxCtrl,
  XSS: ({ xss }) => xss !== 0n,
  CET: ({ supports }) => supports('CET_SS') || supports('CET_IBT'),
  'shadow stacks': ({ supports }) => supports('CET_SS'),
  'Hyper-V': ({ hyperV }) => hyperV,
  SMM: ({ smm }) => smm,
  VMX: ({ module, nestedVmx }) => module === 'kvm_intel' && nestedVmx,
  AMD: ({ module }) => module === 'kvm_amd',
  Intel: ({ module }) => module === 'kvm_intel',
}

/** `at`: the place in the row, for registers that are counted. */
function meets(when: ListCondition, at: number, host: ListHost): boolean {
  if (when === 'general counters') return at < host.generalCounters
  if (when === 'fixed counters') return at < host.fixedCounters
  if (when === 'PT ranges') return host.supports('INTEL_PT') && at < 2 * host.traceRanges
  return simple[when]?.(host) ?? false
}
