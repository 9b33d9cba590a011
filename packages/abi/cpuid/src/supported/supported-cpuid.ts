import { inForce, type KernelVersion, type Profile, profileOf, readVersion, type Series } from '@vmm/rule'
import type { Feature } from '../all.ts'
import type { CpuidEntry, CpuidTable } from '../entry.ts'
import { features, placeOf } from '../feature.ts'
import type { Host } from '../host.ts'
import { firstHypervisorLeaf } from '../hypervisor.ts'
import { vendorOf } from '../text.ts'
import { supportedKvmLeaf, supportedOrder } from './answered-leaves.behaviour.ts'
import { kvmEntry, type LeafAnswer } from './leaf-answer.ts'
import { basicAnswers } from './leaf-answers-basic.rows.ts'
import { extendedAnswers } from './leaf-answers-extended.rows.ts'
import { type Reporting, reportedOf, reportedWord } from './reporting.ts'

/** Of whom to ask what is supported. */
export interface SupportedQuestion {
  /** A release: `'6.1'` is the newest known of its series. */
  readonly kernel: Series | KernelVersion | Profile
  readonly host: Host
  /** Dynamic components of XCR0 that the process may give its guests; none by default. */
  readonly permitted?: bigint
}

/** What KVM_GET_SUPPORTED_CPUID answers. */
export interface SupportedCpuid {
  /** The entries in the kernel's order. */
  readonly entries: CpuidTable
  /** Features of which nobody has read whether this release reports them; their bits are clear in `entries`. */
  readonly unknown: readonly Feature[]
  /** Leaves of which nobody has read what this release answers; `entries` has the older answer. */
  readonly unknownLeaves: readonly number[]
}

const answers: readonly LeafAnswer[] = [...basicAnswers, ...extendedAnswers]

/** The profile that a release, or a text that names one, means. Throws a RangeError for a release nobody has listed. */
export function profileFor(kernel: SupportedQuestion['kernel']): Profile {
  if (typeof kernel !== 'string') return kernel
  const read = readVersion(kernel)
  if (read.kind === 'bad-version') throw new RangeError(read.says)
  return profileOf(read.version)
}

/**
 * What KVM_GET_SUPPORTED_CPUID answers in a release on a host. What nobody has read is told apart, not guessed.
 *
 * Source: arch/x86/kvm/cpuid.c, kvm_dev_ioctl_get_cpuid.
 */
export function supportedCpuid({ kernel, host, permitted = 0n }: SupportedQuestion): SupportedCpuid {
  const reporting: Reporting = { profile: profileFor(kernel), host, permitted }
  const vendor = vendorOf(host.cpuid) === 'CentaurHauls' ? 'centaur' : 'other'
  const entries = supportedOrder.versions[0]
    .does(vendor)
    .flatMap((first) => (first === firstHypervisorLeaf ? kvmLeaves(reporting) : range(reporting, first)))
  return { entries, unknown: unknownFeatures(reporting), unknownLeaves: unknownLeaves(reporting) }
}

/** All leaves of a range: its first one's EAX tells how many. */
function range(reporting: Reporting, first: number): CpuidTable {
  const entries = [...leafEntries(reporting, first)]
  const last = entries[0]!.eax
  for (let leaf = first + 1; leaf <= last && entries.length < mostEntries; leaf++) {
    entries.push(...leafEntries(reporting, leaf))
  }
  return entries
}

/** KVM_MAX_CPUID_ENTRIES, more than any host needs. */
const mostEntries = 256

function leafEntries(reporting: Reporting, leaf: number): readonly CpuidEntry[] {
  const own = answers.filter((answer) => answer.leaf === leaf)
  const held = own.find(({ lifetime }) => inForce(lifetime, reporting.profile) === 'yes')
  const chosen = held ?? own.find(({ lifetime }) => inForce(lifetime, reporting.profile) === 'unknown')
  return chosen === undefined ? [kvmEntry(reporting, leaf, 0, {})] : chosen.answers(reporting)
}

function kvmLeaves(reporting: Reporting): CpuidTable {
  return supportedKvmLeaf.versions[0].does(reportedWord(reporting, firstHypervisorLeaf + 1, 0, 'eax'))
}

function unknownFeatures(reporting: Reporting): readonly Feature[] {
  return features.filter(
    (feature) => placeOf(feature).hypervisor !== 'hyperv' && reportedOf(feature, reporting) === 'unknown',
  )
}

function unknownLeaves({ profile }: Reporting): readonly number[] {
  const undecided = answers.filter(({ lifetime }) => inForce(lifetime, profile) === 'unknown').map(({ leaf }) => leaf)
  return [...new Set(undecided)]
}
