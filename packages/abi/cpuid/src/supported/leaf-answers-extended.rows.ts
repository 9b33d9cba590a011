import { always, between, since, until } from '@vmm/rule'
import { commit, kernelSource, type Source } from '@vmm/source'
import type { CpuidEntry } from '../entry.ts'
import { isFeature } from '../leaf.ts'
import { leaf80000001 } from '../leaf-extended.rows.ts'
import { conditions, usesTdp } from './conditions.ts'
import { kvmEntry, type LeafAnswer, leafAnswer, passed, passedWhile, reportedWords } from './leaf-answer.ts'
import { type Reporting, rawAnswer, reportedOf } from './reporting.ts'

const eraps = commit('db5e82496492', 'KVM: SVM: Virtualize and advertise support for ERAPS')
const at = (release: string): Source => kernelSource('arch/x86/kvm/cpuid.c', '__do_cpuid_func', release)
const widths = commit('e39f00f60ebd', "KVM: x86: Use kernel's x86_phys_bits to handle reduced MAXPHYADDR")
const guestWidth = commit('b628cb523c65', 'KVM: x86: Advertise max mappable GPA in CPUID.0x80000008.GuestPhysBits')
const leaf21 = commit('f144c49e8c39', 'KVM: x86: synthesize CPUID leaf 0x80000021h if useful')
const cacheTwo = commit('43d05de2bee7', 'KVM: pass through CPUID(0x80000006)')
const reserved = kernelSource('Debian changelog', 'KVM: x86: Mask off reserved bits in CPUID.8000xxxxH', '6.0.8')
const topology = commit('45e966fcca03', 'KVM: x86: Do not return host topology information from KVM_GET_SUPPORTED_CPUID')
const masked = { '6.0': '6.0.8', '5.15': 'unread', '5.10': 'unread', '5.4': 'unread' } as const
const unmasked = { '6.0': { until: '6.0.8' }, '5.15': 'unread', '5.10': 'unread', '5.4': 'unread' } as const
const sinceTopology = { '6.1': '6.1.7', '5.15': 'unread', '5.10': 'unread' } as const
const untilTopology = { '6.1': { until: '6.1.7' }, '5.15': 'unread', '5.10': 'unread' } as const

const highestExtended = (most: number) => (reporting: Reporting) => [
  passed(reporting, 0x8000_0000, 0, ({ eax }) => ({ eax: Math.min(eax, most) })),
]

/** Leaf 80000021H is answered on hosts without it, where it says something useful and 8000001DH exists. */
const highestSynthetic = (most: number) => (reporting: Reporting) => {
  const useful = conditions['LFENCE serializes'](reporting.host) || conditions['null selectors clear bases'](reporting.host)
  return [
    passed(reporting, 0x8000_0000, 0, ({ eax }) => {
      const capped = Math.min(eax, most)
      return { eax: capped >= 0x8000_001d && useful ? Math.max(capped, 0x8000_0021) : capped }
    }),
  ]
}

/** The mirrors of leaf 01H.EDX. */
const mirrors = Object.values(leaf80000001.outputs.edx)
  .filter((field) => !isFeature(field))
  .reduce((mask, { low }) => (mask | (1 << low)) >>> 0, 0)

const features = (mask: number) => (reporting: Reporting) => [
  passed(reporting, 0x8000_0001, 0, ({ ebx, edx }) => {
    const words = reportedWords(reporting, 0x8000_0001, 0)
    return { ebx: (ebx & mask) >>> 0, ecx: words.ecx, edx: (words.edx | (edx & mirrors)) >>> 0 }
  }),
]

const linearWidth = (eax: number) => Math.max((eax >>> 8) & 0xff, 48)

function byGuestField(reporting: Reporting): readonly CpuidEntry[] {
  return [sizes(reporting, ({ eax }) => ((eax >>> 16) & 0xff) || (eax & 0xff), () => 0, 0xffff_ffff)]
}

/** Without a second level of translation, guests share the addresses that encryption leaves to the host. */
function physicalWidth(reporting: Reporting, eax: number): number {
  const { host } = reporting
  const reduction = host.cleared.has('SME') ? 0 : (rawAnswer(reporting, 0x8000_001f, 0).ebx >>> 6) & 0x3f
  return usesTdp(host) ? eax & 0xff : (eax & 0xff) - reduction
}

const byTranslation = (keep: number) => (reporting: Reporting) => [
  sizes(reporting, ({ eax }) => physicalWidth(reporting, eax), () => 0, keep),
]

function withGuestWidth(reporting: Reporting): readonly CpuidEntry[] {
  const { host } = reporting
  const mappable = (width: number) => (hasFiveLevels(reporting) ? width : Math.min(width, 48))
  return [sizes(reporting, ({ eax }) => physicalWidth(reporting, eax), (width) => (usesTdp(host) ? mappable(width) : 0), keptThreads)]
}

/** EPT with five levels, or nested paging in a kernel that itself uses five. */
function hasFiveLevels({ host }: Reporting): boolean {
  if (host.vendorModule !== 'kvm_intel') return !host.cleared.has('LA57') && conditions.tdp(host) && hasLa57(host)
  const capability = host.msrs.get(0x48c)
  return capability === undefined ? hasLa57(host) : ((capability >> 7n) & 1n) === 1n
}

const hasLa57 = (host: Reporting['host']) => host.cpuid.some((row) => row.function === 7 && row.index === 0 && (row.ecx & (1 << 16)) !== 0)

function sizes(
  reporting: Reporting,
  physical: (raw: CpuidEntry) => number,
  guest: (width: number) => number,
  keepEcx: number,
): CpuidEntry {
  const raw = passed(reporting, 0x8000_0008)
  const width = physical(raw)
  const eax = (width | (linearWidth(raw.eax) << 8) | (guest(width) << 16)) >>> 0
  const { ebx } = reportedWords(reporting, 0x8000_0008, 0)
  return { ...raw, eax, ebx, ecx: (raw.ecx & keepEcx) >>> 0, edx: 0 }
}

const keptThreads = 0x0000_f0ff

function virtualMachines(reporting: Reporting): readonly CpuidEntry[] {
  if (reportedOf('SVM', reporting) !== 'yes') return [kvmEntry(reporting, 0x8000_000a, 0, {})]
  return [kvmEntry(reporting, 0x8000_000a, 0, { eax: 1, ebx: 8, edx: reportedWords(reporting, 0x8000_000a, 0).edx })]
}

function encryption(reporting: Reporting): readonly CpuidEntry[] {
  if (reportedOf('SEV', reporting) !== 'yes') return [kvmEntry(reporting, 0x8000_001f, 0, {})]
  return [passed(reporting, 0x8000_001f, 0, ({ ebx }) => ({ eax: reportedWords(reporting, 0x8000_001f, 0).eax, ebx: ebx & 0x3f }))]
}

function withReturnPredictor(reporting: Reporting): readonly CpuidEntry[] {
  const words = reportedWords(reporting, 0x8000_0021, 0)
  const size = rawAnswer(reporting, 0x8000_0021, 0).ebx & 0xff_0000
  const ebx = reportedOf('ERAPS', reporting) === 'yes' ? size : 0
  return [kvmEntry(reporting, 0x8000_0021, 0, { ...words, ebx })]
}

function counters(reporting: Reporting): readonly CpuidEntry[] {
  if (reportedOf('PERFMON_V2', reporting) !== 'yes') return [kvmEntry(reporting, 0x8000_0022, 0, {})]
  return [passed(reporting, 0x8000_0022, 0, ({ ebx }) => ({ eax: 1, ebx: Math.min(ebx & 0xf, 6), ecx: 0, edx: 0 }))]
}

/** Leaves of the extended range that KVM answers with more than zeros. A leaf without a row is zeros. */
export const extendedAnswers: readonly LeafAnswer[] = [
  leafAnswer(0x8000_0000, until('5.18'),          at('5.10.13'),  highestExtended(0x8000_001f)),
  leafAnswer(0x8000_0000, between('5.18', '6.5'), leaf21,         highestSynthetic(0x8000_0021)),
  leafAnswer(0x8000_0000, since('6.5'),           at('6.12.117'), highestSynthetic(0x8000_0022)),
  leafAnswer(0x8000_0001, until('6.1', unmasked), at('5.10.13'),  features(0xffff_ffff)),
  leafAnswer(0x8000_0001, since('6.1', masked),   reserved,       features(0xf000_ffff)),
  leafAnswer(0x8000_0005, since('6.6'),           at('6.12.117'), (reporting) => [passed(reporting, 0x8000_0005)]),
  leafAnswer(0x8000_0006, between('5.8', '6.1', unmasked), cacheTwo, (reporting) => [passed(reporting, 0x8000_0006)]),
  leafAnswer(0x8000_0006, since('6.1', masked),   reserved,       (reporting) => [
    passed(reporting, 0x8000_0006, 0, ({ edx }) => ({ edx: (edx & 0xfffc_ffff) >>> 0 })),
  ]),
  leafAnswer(0x8000_0007, always,                 at('6.12.117'), (reporting) => [
    kvmEntry(reporting, 0x8000_0007, 0, { edx: reportedWords(reporting, 0x8000_0007, 0).edx }),
  ]),
  leafAnswer(0x8000_0008, until('5.14', { '5.13': 'unread', '5.10': 'unread' }), at('5.10.13'), byGuestField),
  leafAnswer(0x8000_0008, between('5.14', '6.1', unmasked), widths, byTranslation(0xffff_ffff)),
  leafAnswer(0x8000_0008, between('6.1', '6.10', { '6.0': '6.0.8' }), reserved, byTranslation(keptThreads)),
  leafAnswer(0x8000_0008, since('6.10'),          guestWidth,     withGuestWidth),
  leafAnswer(0x8000_000a, always,                 at('6.12.117'), virtualMachines),
  leafAnswer(0x8000_0019, always,                 at('6.12.117'), (reporting) => [
    passed(reporting, 0x8000_0019, 0, () => ({ ecx: 0, edx: 0 })),
  ]),
  leafAnswer(0x8000_001a, until('6.1', unmasked), at('5.10.13'),  (reporting) => [passed(reporting, 0x8000_001a)]),
  leafAnswer(0x8000_001a, since('6.1', masked),   reserved,       (reporting) => [
    passed(reporting, 0x8000_001a, 0, ({ eax }) => ({ eax: eax & 7, ebx: 0, ecx: 0, edx: 0 })),
  ]),
  leafAnswer(0x8000_001d, always,                 at('6.12.117'), (reporting) =>
    passedWhile(reporting, 0x8000_001d, ({ eax }) => (eax & 0x1f) !== 0)),
  leafAnswer(0x8000_001e, until('6.2', untilTopology), at('5.10.13'), (reporting) => [passed(reporting, 0x8000_001e)]),
  leafAnswer(0x8000_001e, since('6.2', sinceTopology), topology,  (reporting) => [kvmEntry(reporting, 0x8000_001e, 0, {})]),
  leafAnswer(0x8000_001f, always,                 at('6.12.117'), encryption),
  leafAnswer(0x8000_0021, between('5.18', '7.0'), leaf21,         (reporting) => [
    kvmEntry(reporting, 0x8000_0021, 0, reportedWords(reporting, 0x8000_0021, 0)),
  ]),
  leafAnswer(0x8000_0021, since('7.0'),           eraps,          withReturnPredictor),
  leafAnswer(0x8000_0022, since('6.5'),           at('6.12.117'), counters),
  leafAnswer(0xc000_0000, always,                 at('6.12.117'), (reporting) => [
    passed(reporting, 0xc000_0000, 0, ({ eax }) => ({ eax: Math.min(eax, 0xc000_0004) })),
  ]),
  leafAnswer(0xc000_0001, always,                 at('6.12.117'), (reporting) => [
    passed(reporting, 0xc000_0001, 0, () => ({ edx: reportedWords(reporting, 0xc000_0001, 0).edx })),
  ]),
]
