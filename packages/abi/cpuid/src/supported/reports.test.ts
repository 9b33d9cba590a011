import {
  auditBehaviour,
  inForce,
  type KernelVersion,
  profileOf,
  type ReleasedLifetime,
  releases,
  type Series,
} from '@vmm/rule'
import { cite } from '@vmm/source'
import { expect, test } from 'vitest'
import { entry, findEntry } from '../entry.ts'
import { withFeature } from '../has.ts'
import { readHost } from '../host.ts'
import { reports } from './all-reports.ts'
import { emulatedCpuid } from './emulated-cpuid.ts'
import { indexed } from './indexed.rows.ts'
import { basicAnswers } from './leaf-answers-basic.rows.ts'
import { extendedAnswers } from './leaf-answers-extended.rows.ts'
import { offered } from './offered.rows.ts'
import { hypervReports } from './report-hyperv.rows.ts'
import { supportedCpuid } from './supported-cpuid.ts'
import { mostVcpus } from './supported-hv-cpuid.ts'
import { unsupported } from './unsupported.ts'
import { reportedComponents } from './xcr0.ts'

const answers = [...basicAnswers, ...extendedAnswers]
const known = new Set<string>(releases.map(({ series }) => series))
const everyRelease = releases.flatMap(({ series, newest }): KernelVersion[] => [`${series}.0`, `${series}.${newest}`])

function seriesIn({ mainline, stable }: ReleasedLifetime): readonly string[] {
  const edges = [mainline.since, mainline.until].flatMap((edge) => {
    if (edge === undefined) return []
    return typeof edge === 'string' ? [edge] : [edge.absentIn, edge.presentIn]
  })
  return [...edges, ...(Object.keys(stable ?? {}) as Series[])].map((edge) => edge.split('.').slice(0, 2).join('.'))
}

test.each([...reports, ...hypervReports].map((row) => [row.feature, row] as const))(
  'the report of %s turns at releases that are known, and says where that is written',
  (_, { lifetime, source }) => {
    for (const series of seriesIn(lifetime)) expect(known).toContain(series)
    expect(cite(source)).not.toBe('')
  },
)

test('no report is written twice', () => {
  const written = reports.map(({ feature, how, only, when, lifetime }) =>
    JSON.stringify([feature, how, only, when, lifetime]),
  )
  expect(new Set(written).size).toBe(written.length)
  expect(new Set(hypervReports.map(({ feature, when }) => `${feature} ${when}`)).size).toBe(hypervReports.length)
  expect(new Set(indexed.map((row) => row.function)).size).toBe(indexed.length)
  expect(new Set(offered.map(({ feature }) => feature)).size).toBe(offered.length)
})

test.each([...new Set(answers.map(({ leaf }) => leaf))].map((leaf) => [leaf.toString(16), leaf] as const))(
  'leaf %sH is answered in one way in every release, or nobody knows in which',
  (_, leaf) => {
    for (const release of everyRelease) {
      const held = answers
        .filter((row) => row.leaf === leaf)
        .map(({ lifetime }) => inForce(lifetime, profileOf(release)))
      expect(held.filter((holds) => holds === 'yes').length, release).toBeLessThanOrEqual(1)
    }
  },
)

test.each([reportedComponents, emulatedCpuid, mostVcpus].map((one) => [one.id, one] as const))(
  '%s is well written',
  (_, one) => {
    expect(auditBehaviour(one as typeof mostVcpus)).toEqual([])
  },
)

const intel = readHost(`
   0x00000000 0x00: eax=0x00000007 ebx=0x756e6547 ecx=0x6c65746e edx=0x49656e69
   0x00000001 0x00: eax=0x000806f8 ebx=0x00000800 ecx=0x7ffefbff edx=0xbfebfbff
   0x00000007 0x00: eax=0x00000000 ebx=0x00000000 ecx=0x00000008 edx=0x00000000
   0x80000000 0x00: eax=0x80000008 ebx=0x00000000 ecx=0x00000000 edx=0x00000000
   0x80000008 0x00: eax=0x00003934 ebx=0x00000000 ecx=0x00000000 edx=0x00000000
`)

test('what only newer releases report is named when a table asks an older one for it', () => {
  const table = withFeature(withFeature([entry(0, {}), entry(7, {}, 0)], 'AVX_VNNI_INT8'), 'PDCM')
  const capable = { ...intel, cpuid: withFeature(intel.cpuid, 'AVX_VNNI_INT8') }
  const names = (kernel: Series) =>
    unsupported(table, supportedCpuid({ kernel, host: capable })).map(({ name }) => name)
  expect(names('6.1')).toContain('AVX_VNNI_INT8')
  expect(names('6.2')).not.toContain('AVX_VNNI_INT8')
  expect(names('5.4')).toContain('PDCM')
})

test('what a VMM may offer without being told is not unsupported', () => {
  const table = withFeature(withFeature([entry(0, {}), entry(7, {}, 0)], 'TSC_DEADLINE'), 'OSXSAVE')
  expect(unsupported(table, supportedCpuid({ kernel: '6.12', host: intel }))).toEqual([])
})

test('an edge that nobody read is told, and its bit stays clear', () => {
  const host = { ...intel, cpuid: withFeature(intel.cpuid, 'WAITPKG') }
  expect(supportedCpuid({ kernel: '5.4', host }).unknown).toContain('WAITPKG')
  const [bit] = unsupported(withFeature([entry(7, {}, 0)], 'WAITPKG'), supportedCpuid({ kernel: '5.4', host }))
  expect(bit).toMatchObject({ name: 'WAITPKG', known: 'unknown' })
  expect(supportedCpuid({ kernel: '6.1', host }).unknown).not.toContain('WAITPKG')
})

test('what tiles and AVX10 can do is told in sub-leaves of their own since 7.0', () => {
  const leaves = readHost(`
   0x00000000 0x00: eax=0x00000024 ebx=0x756e6547 ecx=0x6c65746e edx=0x49656e69
   0x00000007 0x00: eax=0x00000001 ebx=0x00000000 ecx=0x00000000 edx=0x01000000
   0x00000007 0x01: eax=0x00000000 ebx=0x00000000 ecx=0x00000000 edx=0x00080000
   0x0000001e 0x00: eax=0x00000001 ebx=0x00004010 ecx=0x00000000 edx=0x00000000
   0x0000001e 0x01: eax=0x000001ff ebx=0x00000000 ecx=0x00000000 edx=0x00000000
   0x00000024 0x00: eax=0x00000001 ebx=0x00070002 ecx=0x00000000 edx=0x00000000
   0x00000024 0x01: eax=0x00000000 ebx=0x00000000 ecx=0x00000004 edx=0x00000000
  `)
  const answer = (kernel: Series, leaf: number, index: number) =>
    findEntry(supportedCpuid({ kernel, host: leaves }).entries, leaf, index)
  expect(answer('7.0', 0x1e, 1)).toMatchObject({ eax: 0x1df, ebx: 0 })
  expect(answer('7.0', 0x24, 0)).toMatchObject({ eax: 1, ebx: 0x7_0002 })
  expect(answer('7.0', 0x24, 1)).toMatchObject({ ecx: 4 })
  expect(answer('6.12', 0x1e, 0)).toMatchObject({ eax: 1, ebx: 0x4010 })
  expect(answer('6.12', 0x1e, 1)).toBeUndefined()
  expect(answer('6.12', 0x24, 0)).toMatchObject({ eax: 0, ebx: 0x7_0001 })
})

test('a bug of 6.16 says on every AMD host that it is safe from transient scheduler attacks', () => {
  const zen3 = readHost(`
   0x00000000 0x00: eax=0x00000010 ebx=0x68747541 ecx=0x444d4163 edx=0x69746e65
   0x00000001 0x00: eax=0x00a00f11 ebx=0x00000000 ecx=0x00000000 edx=0x00000000
   0x80000000 0x00: eax=0x80000022 ebx=0x68747541 ecx=0x444d4163 edx=0x69746e65
   MSR 0x8b: 0x000000000a0011d7
  `)
  const answer = (kernel: Series | KernelVersion) =>
    findEntry(supportedCpuid({ kernel, host: zen3 }).entries, 0x8000_0021, 0)
  expect(answer('6.18.30')).toMatchObject({ ecx: 6 })
  expect(answer('7.0')).toMatchObject({ ecx: 0 })
  expect(supportedCpuid({ kernel: '6.19', host: zen3 }).unknown).toContain('TSA_SQ_NO')
  expect(answer('6.1')?.eax).toBe(0x220)
  expect(answer('6.1.152')?.eax).toBe(0)
})

test('a release that nobody has listed is a mistake', () => {
  expect(() => supportedCpuid({ kernel: '3.10', host: intel })).toThrow(RangeError)
})

test('a host that asks for ever more sub-leaves gets a table all the same', () => {
  const endless = Array.from({ length: 300 }, (_, index) => entry(4, { eax: 1 }, index))
  const host = { ...intel, cpuid: [...intel.cpuid.filter((row) => row.function !== 4), ...endless] }
  expect(supportedCpuid({ kernel: '6.1', host }).entries.length).toBeLessThanOrEqual(600)
})
