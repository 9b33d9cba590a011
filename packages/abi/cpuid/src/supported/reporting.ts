import { inForce, type Profile } from '@vmm/rule'
import type { Feature } from '../all.ts'
import type { CpuidAnswer } from '../entry.ts'
import { featurePlaces } from '../feature.ts'
import { has } from '../has.ts'
import type { Host } from '../host.ts'
import type { OutputRegister } from '../leaf.ts'
import { lookup } from '../lookup.ts'
import { reportsFor } from './all-reports.ts'
import { conditions } from './conditions.ts'
import type { Report } from './report.ts'

/** Who asks what KVM supports: a release, on a host, for a process with these permissions. */
export interface Reporting {
  readonly profile: Profile
  readonly host: Host
  /** Dynamic components of XCR0 that the process may give its guests: ARCH_REQ_XCOMP_GUEST_PERM. */
  readonly permitted: bigint
}

/** Whether KVM reports a feature; `'unknown'` where nobody has read the release in question. */
export type Reported = 'yes' | 'no' | 'unknown'

/** Whether KVM_GET_SUPPORTED_CPUID reports a feature. */
export function reportedOf(feature: Feature, reporting: Reporting): Reported {
  const answers = reportsFor(feature).map((report) => reportedBy(report, reporting))
  if (answers.includes('yes')) return 'yes'
  return answers.includes('unknown') ? 'unknown' : 'no'
}

function reportedBy(report: Report, { profile, host }: Reporting): Reported {
  const released = inForce(report.lifetime, profile)
  if (released === 'no' || !bitHolds(report, host)) return 'no'
  if (report.param !== undefined && host.params[report.param] === 0) return 'no'
  if (report.when?.some((condition) => !conditions[condition](host))) return 'no'
  if (report.only === undefined || report.only === host.vendorModule) return released
  return host.vendorModule === 'kvm_intel' || host.vendorModule === 'kvm_amd' ? 'no' : 'unknown'
}

function bitHolds({ feature, how }: Report, host: Host): boolean {
  if (how === 'set') return true
  return has(host.cpuid, feature) && (how === 'hardware' || !host.cleared.has(feature))
}

const featuresByWord = new Map<string, { readonly feature: Feature; readonly bit: number }[]>()
for (const { feature, function: leaf, index, register, bit } of featurePlaces.values()) {
  const word = wordKey(leaf, index ?? 0, register)
  featuresByWord.set(word, [...(featuresByWord.get(word) ?? []), { feature, bit }])
}

function wordKey(leaf: number, index: number, register: OutputRegister): string {
  return `${leaf}.${index}.${register}`
}

/** The features of one register that KVM reports, in place. */
export function reportedWord(reporting: Reporting, leaf: number, index: number, register: OutputRegister): number {
  const features = featuresByWord.get(wordKey(leaf, index, register)) ?? []
  return features
    .filter(({ feature }) => reportedOf(feature, reporting) === 'yes')
    .reduce((word, { bit }) => (word | (1 << bit)) >>> 0, 0)
}

/** What the hardware of the host answers. */
export function rawAnswer({ host }: Reporting, leaf: number, index: number): CpuidAnswer {
  return lookup(host.cpuid, leaf, index)
}
