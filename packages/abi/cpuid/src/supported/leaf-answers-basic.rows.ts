import { always, between, since, until } from '@vmm/rule'
import { commit, kernelSource, type Source } from '@vmm/source'
import type { CpuidEntry } from '../entry.ts'
import { compactedXsaveSize, componentsOf, standardXsaveSize } from '../xsave.ts'
import { sgxLeaf12 } from './answered-leaves.behaviour.ts'
import { kvmEntry, type LeafAnswer, leafAnswer, passed, passedThrough, passedWhile, reportedWords } from './leaf-answer.ts'
import { performanceLeaf } from './performance-leaf.ts'
import { type Reporting, rawAnswer, reportedOf } from './reporting.ts'
import { supportedXcr0, supportedXss } from './xcr0.ts'

const amxSubleaf = commit('58cbaf64e653', 'KVM: x86: Advertise AMX CPUIDs in subleaf 0x1E.0x1 to userspace')
const avx10Two = commit('2ff8fb1e65e1', 'KVM: x86: Advertise AVX10.2 CPUID to userspace')
const at = (release: string): Source => kernelSource('arch/x86/kvm/cpuid.c', '__do_cpuid_func', release)
const toSixteen = commit('43561123ab37', 'kvm: x86: Improve emulation of CPUID leaves 0BH and 1FH')
const topology = commit('45e966fcca03', 'KVM: x86: Do not return host topology information from KVM_GET_SUPPORTED_CPUID')
const subleaf2 = commit('eefe5e668209', 'KVM: x86: Advertise CPUID.(EAX=7,ECX=2):EDX[5:0] to userspace')
const avx10 = commit('1c450ffef589', 'KVM: x86: Advertise AVX10.1 CPUID to userspace')
const withAvx10 = { '6.7': { until: '6.7.12' }, '6.6': 'unread', '6.1': { until: '6.1.84' }, '5.15': 'unread', '5.10': 'unread' } as const
const sinceSubleaf2 = { '6.7': '6.7.12', '6.6': 'unread', '6.1': '6.1.84', '5.15': 'unread', '5.10': 'unread' } as const

const highestBasic = (most: number) => (reporting: Reporting) => [passed(reporting, 0, 0, ({ eax }) => ({ eax: Math.min(eax, most) }))]

const features07 = (most: number) => (reporting: Reporting) => {
  const last = Math.min(rawAnswer(reporting, 7, 0).eax, most)
  return Array.from({ length: last + 1 }, (_, index) => {
    const words = reportedWords(reporting, 7, index)
    return kvmEntry(reporting, 7, index, index === 0 ? { ...words, eax: last } : words)
  })
}

const none = (leaf: number) => (reporting: Reporting) => [kvmEntry(reporting, leaf, 0, {})]
const topologyOf = (leaf: number) => (reporting: Reporting) => [passed(reporting, leaf, 0, () => ({ eax: 0, ebx: 0, ecx: 0 }))]
const hostTopologyOf = (leaf: number) => (reporting: Reporting) => passedWhile(reporting, leaf, ({ ecx }) => (ecx & 0xff00) !== 0)

const wide = (value: bigint) => ({ low: Number(value & 0xffff_ffffn), high: Number(value >> 32n) })

function extendedState(reporting: Reporting): readonly CpuidEntry[] {
  const xcr0 = supportedXcr0(reporting)
  const components = componentsOf(reporting.host.cpuid)
  const size = standardXsaveSize(xcr0, components)
  const first = passed(reporting, 0x0d, 0, ({ eax, edx }) =>
    ({ eax: (eax & wide(xcr0).low) >>> 0, ebx: size, ecx: size, edx: (edx & wide(xcr0).high) >>> 0 }))
  if (xcr0 === 0n) return [first]
  const xss = supportedXss(reporting)
  const { eax } = reportedWords(reporting, 0x0d, 1)
  const compacts = (eax & 0b1010) !== 0
  const second = passed(reporting, 0x0d, 1, ({ ecx, edx }) => ({
    eax,
    ebx: compacts ? compactedXsaveSize(xcr0 | xss, components) : 0,
    ecx: (ecx & wide(xss).low) >>> 0,
    edx: (edx & wide(xss).high) >>> 0,
  }))
  return [first, second, ...componentEntries(reporting, xcr0, xss)]
}

function componentEntries(reporting: Reporting, xcr0: bigint, xss: bigint): readonly CpuidEntry[] {
  const disables = reportedOf('XFD', reporting) === 'yes'
  return componentsOf(reporting.host.cpuid)
    .filter(({ bit, kind }) => (((kind === 'user' ? xcr0 : xss) >> BigInt(bit)) & 1n) === 1n)
    .map(({ bit }) => passed(reporting, 0x0d, bit, ({ ecx }) => ({ ecx: disables ? ecx : (ecx & ~4) >>> 0, edx: 0 })))
}

function enclaves(reporting: Reporting): readonly CpuidEntry[] {
  if (reportedOf('SGX', reporting) !== 'yes') return none(0x12)(reporting)
  const [capabilities, attributes] = [rawAnswer(reporting, 0x12, 0), rawAnswer(reporting, 0x12, 1)]
  const told = sgxLeaf12.versions[0].does({ capabilities, attributes, reported: reportedWords(reporting, 0x12, 0).eax })
  return told.map((answer, index) => kvmEntry(reporting, 0x12, index, answer))
}

function traces(reporting: Reporting): readonly CpuidEntry[] {
  if (reportedOf('INTEL_PT', reporting) !== 'yes') return none(0x14)(reporting)
  return passedThrough(reporting, 0x14, rawAnswer(reporting, 0x14, 0).eax)
}

function palettes(reporting: Reporting): readonly CpuidEntry[] {
  if (reportedOf('AMX_TILE', reporting) !== 'yes') return none(0x1d)(reporting)
  return passedThrough(reporting, 0x1d, rawAnswer(reporting, 0x1d, 0).eax)
}

function multiplication(reporting: Reporting): readonly CpuidEntry[] {
  return reportedOf('AMX_TILE', reporting) === 'yes' ? [passed(reporting, 0x1e)] : none(0x1e)(reporting)
}

const aliasesOfLeaf7 = 0b1111

function multiplicationFeatures(reporting: Reporting): readonly CpuidEntry[] {
  if (reportedOf('AMX_TILE', reporting) !== 'yes') return none(0x1e)(reporting)
  const raw = rawAnswer(reporting, 0x1e, 0)
  if (raw.eax === 0) return [passed(reporting, 0x1e)]
  const aliases = rawAnswer(reporting, 0x1e, 1).eax & aliasesOfLeaf7
  return [
    kvmEntry(reporting, 0x1e, 0, { ...raw, eax: 1 }),
    kvmEntry(reporting, 0x1e, 1, { eax: reportedWords(reporting, 0x1e, 1).eax | aliases }),
  ]
}

const vectorsOfVersion = (most: number, lastSubleaf: number) => (reporting: Reporting): readonly CpuidEntry[] => {
  if (reportedOf('AVX10', reporting) !== 'yes') return none(0x24)(reporting)
  const raw = rawAnswer(reporting, 0x24, 0)
  const last = Math.min(raw.eax, lastSubleaf)
  const ebx = (reportedWords(reporting, 0x24, 0).ebx | Math.min(raw.ebx & 0xff, most)) >>> 0
  const first = kvmEntry(reporting, 0x24, 0, { eax: last, ebx })
  return last === 0 ? [first] : [first, kvmEntry(reporting, 0x24, 1, { ecx: reportedWords(reporting, 0x24, 1).ecx })]
}

/** Leaves of the basic range that KVM answers with more than zeros. A leaf without a row is zeros. */
export const basicAnswers: readonly LeafAnswer[] = [
  leafAnswer(0x00, until('5.5'),                               at('5.10.13'),  highestBasic(0x14)),
  leafAnswer(0x00, between('5.5', '6.12'),                     toSixteen,      highestBasic(0x1f)),
  leafAnswer(0x00, since('6.12'),                              avx10,          highestBasic(0x24)),
  leafAnswer(0x01, always,                                     at('6.12.117'), (reporting) => [
    passed(reporting, 1, 0, () => ({ ecx: reportedWords(reporting, 1, 0).ecx, edx: reportedWords(reporting, 1, 0).edx })),
  ]),
  leafAnswer(0x02, always,                                     at('6.12.117'), (reporting) => [passed(reporting, 2)]),
  leafAnswer(0x04, always,                                     at('6.12.117'), (reporting) =>
    passedWhile(reporting, 4, ({ eax }) => (eax & 0x1f) !== 0)),
  leafAnswer(0x06, always,                                     at('6.12.117'), (reporting) => [kvmEntry(reporting, 6, 0, { eax: 4 })]),
  leafAnswer(0x07, until('5.3'),                               at('5.10.13'), features07(0)),
  leafAnswer(0x07, between('5.3', '6.8', withAvx10),           at('5.10.13'), features07(1)),
  leafAnswer(0x07, since('6.8', sinceSubleaf2),                subleaf2,       features07(2)),
  leafAnswer(0x09, until({ absentIn: '5.10', presentIn: '6.1' }), at('5.10.13'), (reporting) => [passed(reporting, 9)]),
  leafAnswer(0x0a, always,                                     at('6.12.117'), performanceLeaf),
  leafAnswer(0x0b, until('6.2', { '6.1': { until: '6.1.7' }, '5.15': 'unread', '5.10': 'unread' }), at('5.10.13'), hostTopologyOf(0x0b)),
  leafAnswer(0x0b, since('6.2', { '6.1': '6.1.7', '5.15': 'unread', '5.10': 'unread' }), topology, topologyOf(0x0b)),
  leafAnswer(0x0d, always,                                     at('6.12.117'), extendedState),
  leafAnswer(0x12, since('5.13'),                              at('6.12.117'), enclaves),
  leafAnswer(0x14, since('5.0'),                               at('6.12.117'), traces),
  leafAnswer(0x1d, since('5.17'),                              at('6.12.117'), palettes),
  leafAnswer(0x1e, between('5.17', '7.0'),                     at('6.16.1'),   multiplication),
  leafAnswer(0x1e, since('7.0'),                               amxSubleaf,     multiplicationFeatures),
  leafAnswer(0x1f, until('6.2', { '6.1': { until: '6.1.7' }, '5.15': 'unread', '5.10': 'unread' }), toSixteen, hostTopologyOf(0x1f)),
  leafAnswer(0x1f, since('6.2', { '6.1': '6.1.7', '5.15': 'unread', '5.10': 'unread' }), topology, topologyOf(0x1f)),
  leafAnswer(0x24, between('6.12', '7.0'),                     avx10,          vectorsOfVersion(1, 0)),
  leafAnswer(0x24, since('7.0'),                               avx10Two,       vectorsOfVersion(2, 1)),
]
