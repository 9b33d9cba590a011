import { type Behaviour, behaviour, between, deedInForce, inForce, type Profile, since, until } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import type { Feature } from '../all.ts'
import { type CpuidTable, entry } from '../entry.ts'
import { placeOf } from '../feature.ts'
import type { Host } from '../host.ts'
import type { OutputRegister } from '../leaf.ts'
import { registerOf } from '../text.ts'
import { conditions } from './conditions.ts'
import { type HypervCondition, type HypervReport, hypervReports } from './report-hyperv.rows.ts'
import { profileFor, type SupportedQuestion } from './supported-cpuid.ts'

/** A vCPU whose Hyper-V leaves are asked for. */
export interface HypervVcpu {
  readonly localApic: 'kernel' | 'user space'
  /** Whether KVM_CAP_HYPERV_ENLIGHTENED_VMCS was enabled. */
  readonly enlightenedVmcs: boolean
}

/** Of whom to ask; without `vcpu` the question goes to `/dev/kvm`. */
export interface HypervQuestion extends Pick<SupportedQuestion, 'kernel' | 'host'> {
  readonly vcpu?: HypervVcpu
}

/** What KVM_GET_SUPPORTED_HV_CPUID answers. */
export interface SupportedHvCpuid {
  readonly entries: CpuidTable
  /** Features of which nobody has read whether this release reports them. */
  readonly unknown: readonly Feature[]
}

const signature = 'Linux KVM Hv'
const highest = 0x4000_0082
const buildOf2016 = 0x3839
const versionOf2016 = 0x000a_0000
const spinlockRetries = 0xfff
const logicalProcessors = 64
const enlightenedVersions = 0x0101

/** KVM_MAX_VCPUS; the input is CONFIG_KVM_MAX_NR_VCPUS. */
export const mostVcpus: Behaviour<number, number> = behaviour<number, number>({
  id: 'hv-cpuid-most-vcpus',
  catalogue: 'get-supported-hv-cpuid',
  says: 'Leaf 40000005H tells the most vCPUs of a VM',
  sources: [kernelSource('arch/x86/include/asm/kvm_host.h', 'KVM_MAX_VCPUS', '6.12.117')],
  evidence: 'recorded',
  versions: [
    { lifetime: until('5.16'), does: () => 288, witness: { in: 4096, out: 288 } },
    {
      lifetime: between('5.16', { absentIn: '6.1', presentIn: '6.12' }),
      sources: [commit('074c82c8f7cf', 'kvm: x86: Increase MAX_VCPUS to 1024')],
      does: () => 1024,
      witness: { in: 4096, out: 1024 },
    },
    {
      lifetime: since({ absentIn: '6.1', presentIn: '6.12' }),
      says: 'As the kernel was configured',
      does: (configured) => configured,
      witness: { in: 4096, out: 4096 },
    },
  ],
})

function vcpusOf(host: Host, profile: Profile): number {
  const configured = host.kconfig['CONFIG_KVM_MAX_NR_VCPUS']
  const input = typeof configured === 'number' ? configured : 1024
  return deedInForce(mostVcpus, profile)?.(input) ?? input
}

const signed = { ebx: registerOf(signature, 0), ecx: registerOf(signature, 4), edx: registerOf(signature, 8) }

/**
 * What KVM_GET_SUPPORTED_HV_CPUID answers in a release on a host: ten entries, in the kernel's order. A kernel that was
 * built without CONFIG_KVM_HYPERV does not know the call.
 *
 * Source: arch/x86/kvm/hyperv.c, kvm_get_hv_cpuid.
 */
export function supportedHvCpuid(question: HypervQuestion): SupportedHvCpuid {
  const profile = profileFor(question.kernel)
  const rows = hypervReports.filter(({ when }) => when === undefined || holds(when, question))
  const words = (leaf: number) => wordsOf(rows, leaf, profile)
  const evmcs = holds('enlightened VMCS', question) ? enlightenedVersions : 0
  const nested = words(0x4000_000a)
  const entries = [
    entry(0x4000_0000, { eax: highest, ...signed }),
    entry(0x4000_0001, { eax: registerOf('Hv#1', 0) }),
    entry(0x4000_0002, { eax: buildOf2016, ebx: versionOf2016 }),
    entry(0x4000_0003, words(0x4000_0003)),
    entry(0x4000_0004, { ...words(0x4000_0004), ebx: spinlockRetries }),
    entry(0x4000_0005, { eax: vcpusOf(question.host, profile), ebx: logicalProcessors }),
    entry(0x4000_0080, signed),
    entry(0x4000_0081, { eax: registerOf('VS#1', 0) }),
    entry(0x4000_0082, words(0x4000_0082)),
    entry(0x4000_000a, { ...nested, eax: ((nested.eax ?? 0) | evmcs) >>> 0 }),
  ]
  const unknown = rows.filter(({ lifetime }) => inForce(lifetime, profile) === 'unknown').map(({ feature }) => feature)
  return { entries, unknown }
}

function wordsOf(
  rows: readonly HypervReport[],
  leaf: number,
  profile: Profile,
): Partial<Record<OutputRegister, number>> {
  const words: Partial<Record<OutputRegister, number>> = {}
  for (const { feature, lifetime } of rows) {
    const place = placeOf(feature)
    if (place.function !== leaf || inForce(lifetime, profile) !== 'yes') continue
    words[place.register] = ((words[place.register] ?? 0) | (1 << place.bit)) >>> 0
  }
  return words
}

function holds(condition: HypervCondition, { host, vcpu }: HypervQuestion): boolean {
  switch (condition) {
    case 'local APIC in the kernel':
      return vcpu === undefined || vcpu.localApic === 'kernel'
    case 'enlightened VMCS':
      return hasNestedVmx(host) && (vcpu === undefined || vcpu.enlightenedVmcs)
    case 'no SMT':
      return host.params['host.smt'] === 0
    default:
      return condition satisfies never
  }
}

const hasNestedVmx = (host: Host) => host.vendorModule === 'kvm_intel' && conditions['nested is on'](host)
