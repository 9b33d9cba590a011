/// <reference types="node" />
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import {
  type BuiltTable,
  brandOf,
  buildTable,
  type CpuidTable,
  cpuModels,
  decode,
  entry,
  type Feature,
  featureNamed,
  features,
  featuresOf,
  findEntry,
  has,
  implementedFeatures,
  lookup,
  nearestFeature,
  parseCpu,
  runtimeUpdate,
  signatureEax,
  signatureOf,
  type TableOptions,
  vendorOf,
  vendorRulesOf,
  withFeature,
  withoutFeature,
} from './index.ts'
import { tableFrom } from './read-table.ts'

function built(options: TableOptions = {}): BuiltTable {
  const result = buildTable(options)
  if (result.kind === 'refused') throw new Error(result.says)
  return result
}

const recorded = readFileSync(new URL('../cases/amd-epyc-family-1ah.cpuid.txt', import.meta.url), 'utf8')

function recordedTable(): CpuidTable {
  const read = tableFrom(recorded)
  if (read.kind === 'refused') throw new Error(read.says)
  return read.entries
}

test('the default model is a recent Intel server under KVM', () => {
  const { entries } = built()
  expect(vendorOf(entries)).toBe('GenuineIntel')
  expect(signatureOf(lookup(entries, 1, 0).eax).family).toBe(6)
  const wanted: Feature[] = ['HYPERVISOR', 'RDRAND', 'TSC_DEADLINE', 'ARAT', 'INVARIANT_TSC', 'ARCH_CAPABILITIES']
  wanted.push('KVM_FEATURE_CLOCKSOURCE2', 'KVM_FEATURE_CLOCKSOURCE_STABLE_BIT', 'BHI_CTRL', 'SPEC_CTRL')
  for (const feature of wanted) expect(has(entries, feature), feature).toBe(true)
  expect(lookup(entries, 0x4000_0000, 0)).toMatchObject({ ebx: 0x4b4d_564b, ecx: 0x564b_4d56, edx: 0x4d })
})

test.each(['MONITOR', 'LA57', 'VMX', 'HLE', 'RTM', 'DS', 'PDCM'] as const)(
  'the default model does not have %s',
  (feature) => {
    const everything = new Set(features)
    expect(has(built({ implemented: everything }).entries, feature)).toBe(false)
  },
)

test('the default model has no PMU', () => {
  expect(lookup(built().entries, 0x0a, 0)).toEqual({ eax: 0, ebx: 0, ecx: 0, edx: 0 })
})

test.each(['default', 'max', 'x86-64-v1', 'x86-64-v2', 'x86-64-v3'] as const)(
  '%s advertises nothing that is not implemented',
  (model) => {
    const { entries, features: advertised } = built({ model, cpus: 2 })
    for (const feature of featuresOf(entries, features)) expect(implementedFeatures.has(feature), feature).toBe(true)
    expect(featuresOf(entries, features)).toEqual(advertised)
  },
)

test('max is everything implemented but what the guest itself switches on, and what must be asked for by name', () => {
  const { features: advertised } = built({ model: 'max', cpus: 2 })
  const missing = [...implementedFeatures].filter((feature) => !advertised.has(feature))
  expect(missing.sort()).toEqual(['OSPKE', 'OSXSAVE', 'RTM_ALWAYS_ABORT'])
  const asked = built({ model: 'max', features: { plus: ['RTM_ALWAYS_ABORT'] } })
  expect([asked.features.has('RTM_ALWAYS_ABORT'), asked.clipped]).toEqual([true, []])
})

test('x86-64-v2 is x86-64-v1 and seven features', () => {
  const old = built({ model: 'x86-64-v1' }).features
  const added = [...built({ model: 'x86-64-v2' }).features].filter((feature) => !old.has(feature))
  expect(added.sort()).toEqual(['CMPXCHG16B', 'LAHF_LM', 'POPCNT', 'SSE3', 'SSE4_1', 'SSE4_2', 'SSSE3'])
})

test('x86-64-v3 is x86-64-v2 and nine features; what of them is not implemented is told', () => {
  const implemented = new Set([...implementedFeatures, 'AVX', 'AVX2', 'F16C', 'FMA'] as const)
  const level = (model: 'x86-64-v2' | 'x86-64-v3') => built({ model, implemented }).features
  const added = [...level('x86-64-v3')].filter((feature) => !level('x86-64-v2').has(feature))
  expect(added.sort()).toEqual(['AVX', 'AVX2', 'BMI1', 'BMI2', 'F16C', 'FMA', 'LZCNT', 'MOVBE', 'XSAVE'])
  implemented.delete('F16C')
  implemented.delete('BMI2')
  const { clipped, features: left } = built({ model: 'x86-64-v3', implemented })
  expect([clipped, left.has('F16C'), left.has('FMA')]).toEqual([['F16C', 'BMI2'], false, true])
  expect(built({ model: 'x86-64-v3', implemented, features: { minus: ['BMI2'] } }).clipped).toEqual(['F16C'])
  expect(built({ model: 'max' }).clipped).toEqual([])
})

test('an engine that can do less is advertised as less, with everything that depends on it', () => {
  const implemented = new Set([...implementedFeatures].filter((feature) => feature !== 'XSAVE'))
  const { entries } = built({ implemented })
  for (const feature of ['XSAVE', 'XSAVES', 'PKU'] as const) expect(has(entries, feature), feature).toBe(false)
  expect(findEntry(entries, 0x0d, 0)).toBeUndefined()
})

test('features can be added and removed', () => {
  const { entries } = built({ features: { plus: ['LA57', 'MONITOR'], minus: ['SSE4_2'] } })
  expect(has(entries, 'LA57')).toBe(true)
  expect((lookup(entries, 0x8000_0008, 0).eax >>> 8) & 0xff).toBe(57)
  expect(has(entries, 'SSE4_2')).toBe(false)
  expect(lookup(entries, 5, 0)).toMatchObject({ eax: 64, ebx: 64 })
})

test.each([
  [{ plus: ['AVX512F'] }, 'the CPU feature AVX512F is not implemented'],
  [{ plus: ['BMI1'], minus: ['BMI1'] }, 'the CPU feature BMI1 is both added and removed'],
  [{ minus: ['APIC'] }, 'the CPU feature APIC follows from the machine and cannot be chosen'],
  [{ plus: ['XSAVES'], minus: ['FXSR'] }, 'the CPU feature XSAVES needs FXSR'],
  [{ plus: ['PKU'], minus: ['XSAVE', 'FXSR'] }, 'the CPU feature PKU needs XSAVE, FXSR'],
] as const)('%j is refused with a sentence', (changes, says) => {
  expect(buildTable({ features: changes })).toEqual({ kind: 'refused', says })
})

test('removing a feature removes what needs it', () => {
  const { entries } = built({ features: { minus: ['XSAVE'] } })
  for (const feature of ['XSAVE', 'XSAVEC', 'XSAVES', 'PKU', 'XSAVEOPT'] as const)
    expect(has(entries, feature)).toBe(false)
})

test('leaf 04H ends, and agrees with leaf 0BH about the package', () => {
  for (const cpus of [1, 2, 3, 8]) {
    const { entries } = built({ cpus, apicId: cpus - 1 })
    const types = [0, 1, 2, 3, 4, 5].map((index) => lookup(entries, 4, index).eax & 0x1f)
    expect(types).toEqual([1, 2, 3, 3, 0, 0])
    const shared = (lookup(entries, 4, 3).eax >>> 14) & 0xfff
    const shift = lookup(entries, 0x0b, 1).eax
    expect(shared + 1).toBe(2 ** shift)
    expect(lookup(entries, 0x0b, 1)).toMatchObject({ ebx: cpus, edx: cpus - 1 })
    expect(has(entries, 'HTT')).toBe(cpus > 1)
    expect((lookup(entries, 1, 0).ebx >>> 24) & 0xff).toBe(cpus - 1)
  }
})

test('leaf 0BH answers a sub-leaf it does not have with its number and the x2APIC ID', () => {
  const { entries } = built({ cpus: 4, apicId: 3 })
  expect(lookup(entries, 0x0b, 2)).toEqual({ eax: 0, ebx: 0, ecx: 2, edx: 3 })
  expect(lookup(entries, 0x0b, 0x107)).toEqual({ eax: 0, ebx: 0, ecx: 7, edx: 3 })
})

test('leaf 0DH counts what is there: x87, SSE, AVX and PKRU', () => {
  const { entries } = built()
  expect(lookup(entries, 0x0d, 0)).toEqual({ eax: 0x207, ebx: 576, ecx: 2696, edx: 0 })
  expect(lookup(entries, 0x0d, 9)).toMatchObject({ eax: 8, ebx: 2688 })
  expect(lookup(entries, 0x0d, 2)).toEqual({ eax: 256, ebx: 576, ecx: 0, edx: 0 })
})

test('an engine that saves fewer components says so', () => {
  expect(lookup(built({ xsaveComponents: 3n }).entries, 0x0d, 0)).toMatchObject({ eax: 3, ecx: 576 })
})

test.each([
  [2_000_000, 25_000_000],
  [2_400_000, 24_000_000],
  [2_594_133, 25_000_000],
  [1_000_000, 1_000_000_000],
  [3_700_000, 1_000_000_000],
])('leaves 15H and 16H tell a TSC of %d kHz over a crystal of %d Hz', (tscKhz, crystalHz) => {
  const { entries } = built({ tscKhz, crystalHz })
  const { eax, ebx, ecx } = lookup(entries, 0x15, 0)
  expect(ecx).toBe(crystalHz)
  expect(Math.abs((ecx * ebx) / eax / 1000 / tscKhz - 1)).toBeLessThan(1e-6)
  expect((ecx / 1000) * ebx).toBeLessThan(2 ** 32)
  expect(lookup(entries, 0x16, 0).eax).toBe(Math.round(tscKhz / 1000))
  expect(lookup(entries, 0x4000_0010, 0)).toMatchObject({ eax: tscKhz, ebx: crystalHz / 1000 })
})

test('without a TSC frequency the leaves that tell it are absent', () => {
  const { entries } = built()
  expect(lookup(entries, 0, 0).eax).toBe(0x0d)
  expect(lookup(entries, 0x4000_0000, 0).eax).toBe(0x4000_0001)
})

test('the brand string is whole', () => {
  expect(brandOf(built({ model: 'max' }).entries)).toBe('Virtual x86-64 CPU (software), max')
})

test('runtime bits follow the guest, and only those', () => {
  const { entries } = built({ features: { plus: ['MONITOR'] } })
  const still = { cr4: 0n, xcr0: 1n, xss: 0n, apicBase: 0xfee0_0900n, miscEnable: 1n << 18n }
  expect(runtimeUpdate(entries, still)).toEqual(entries)
  const busy = runtimeUpdate(entries, {
    cr4: (1n << 18n) | (1n << 22n),
    xcr0: 0x203n,
    xss: 0n,
    apicBase: 0n,
    miscEnable: 0n,
  })
  expect([has(busy, 'OSXSAVE'), has(busy, 'OSPKE'), has(busy, 'APIC'), has(busy, 'MONITOR')]).toEqual([
    true,
    true,
    false,
    false,
  ])
  expect([lookup(busy, 0x0d, 0).ebx, lookup(busy, 0x0d, 1).ebx]).toEqual([2696, 584])
  expect(runtimeUpdate(busy, still)).toEqual(entries)
})

test('without IA32_MISC_ENABLE the MONITOR bit stays', () => {
  const { entries } = built({ features: { plus: ['MONITOR'] } })
  expect(has(runtimeUpdate(entries, { cr4: 0n, xcr0: 1n, xss: 0n, apicBase: 0n }), 'MONITOR')).toBe(true)
})

test('the sizes of a real CPU come out of its own components', () => {
  const table = recordedTable()
  const running = runtimeUpdate(table, { cr4: 1n << 18n, xcr0: 0xe7n, xss: 0x1800n, apicBase: 0x800n })
  expect(lookup(running, 0x0d, 0)).toEqual(lookup(table, 0x0d, 0))
  expect(lookup(running, 0x0d, 1)).toEqual(lookup(table, 0x0d, 1))
})

const intelLike: CpuidTable = [
  entry(0, { eax: 0x0b, ebx: 0x756e_6547, edx: 0x4965_6e69, ecx: 0x6c65_746e }),
  entry(0x0b, { eax: 1, edx: 5 }, 0),
  entry(0x4000_0000, { eax: 0x4000_0001 }),
  entry(0x4000_0001, { eax: 0xff }),
  entry(0x8000_0000, { eax: 0x8000_0008 }),
]

test('Intel answers a leaf out of range with the highest basic leaf, ECX as given', () => {
  for (const leaf of [0x0c, 0x3fff_ffff, 0x4000_0002, 0x8000_0009, 0xc000_0000, 0x4000_0100])
    expect(lookup(intelLike, leaf, 0), leaf.toString(16)).toEqual({ eax: 1, ebx: 0, ecx: 0, edx: 5 })
  expect(lookup(intelLike, 0x0c, 1)).toEqual({ eax: 0, ebx: 0, ecx: 0, edx: 0 })
})

test('a leaf in range that is not there is zeros', () => {
  for (const leaf of [0x01, 0x0a, 0x8000_0001])
    expect(lookup(intelLike, leaf, 0)).toEqual({ eax: 0, ebx: 0, ecx: 0, edx: 0 })
})

test('AMD answers a leaf out of range with zeros', () => {
  expect(lookup(intelLike, 0x0c, 0, 'amd')).toEqual({ eax: 0, ebx: 0, ecx: 0, edx: 0 })
  expect(vendorRulesOf(recordedTable())).toBe('amd')
  expect(vendorRulesOf(intelLike)).toBe('intel')
})

test('an empty table answers zeros', () => {
  expect(lookup([], 1, 0)).toEqual({ eax: 0, ebx: 0, ecx: 0, edx: 0 })
})

test('the first of two entries answers', () => {
  expect(lookup([entry(1, { eax: 1 }), entry(1, { eax: 2 })], 1, 9).eax).toBe(1)
})

test('inputs are taken as unsigned 32-bit numbers', () => {
  expect(lookup(built().entries, 0x8000_0000 | 0, 0).eax).toBe(0x8000_0008)
})

test.each(features)('%s can be set and cleared in an empty table', (feature) => {
  const set = withFeature([entry(0, {}), entry(7, {}, 0)], feature)
  expect(has(set, feature)).toBe(true)
  expect([...featuresOf(set, features)]).toEqual([feature])
  expect(has(withoutFeature(set, feature), feature)).toBe(false)
})

test('setting a feature makes its leaf reachable', () => {
  const set = withFeature([entry(0, { eax: 7 }), entry(7, {}, 0)], 'BHI_CTRL')
  expect(lookup(set, 7, 0).eax).toBe(2)
  expect(lookup(withFeature(set, 'KL_RANDOM'), 0, 0).eax).toBe(0x19)
})

test('every flag in the /proc/cpuinfo of the recorded CPU is the feature of that bit', () => {
  const table = recordedTable()
  const flags =
    'fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2 ht syscall nx ' +
    'mmxext fxsr_opt pdpe1gb rdtscp lm pni pclmulqdq ssse3 fma cx16 pcid sse4_1 sse4_2 x2apic movbe popcnt ' +
    'tsc_deadline_timer aes xsave avx f16c rdrand hypervisor lahf_lm cmp_legacy cr8_legacy abm sse4a misalignsse ' +
    '3dnowprefetch osvw topoext fsgsbase tsc_adjust bmi1 avx2 smep bmi2 erms invpcid avx512f avx512dq adx smap ' +
    'avx512ifma clflushopt clwb avx512cd sha_ni avx512bw avx512vl xsaveopt xsavec xgetbv1 xsaves avx_vnni ' +
    'avx512_bf16 clzero xsaveerptr arat avx512vbmi umip avx512_vbmi2 gfni vaes vpclmulqdq avx512_vnni ' +
    'avx512_bitalg avx512_vpopcntdq rdpid fsrm avx512_vp2intersect nonstop_tsc'
  for (const flag of flags.split(' ')) {
    const feature = featureNamed(flag)
    expect(feature, flag).toBeDefined()
    expect(has(table, feature!), flag).toBe(true)
  }
})

test('a decoded table tells features, fields, and what no row names', () => {
  const [basic, version, strange] = decode([
    entry(0, { eax: 0x0d }),
    entry(1, { eax: 0x0008_06f8, ecx: 1 << 16 }),
    entry(0x2000_0000, { edx: 4 }),
  ])
  expect(basic?.numbers['MAX_BASIC_LEAF']).toBe(0x0d)
  expect(version).toMatchObject({ name: 'Version Information and Features', unnamed: { ecx: 1 << 16 } })
  expect(version?.numbers).toMatchObject({ STEPPING: 8, MODEL: 0xf, EXTENDED_MODEL: 8, FAMILY: 6 })
  expect(strange).toMatchObject({ name: undefined, unnamed: { edx: 4 } })
})

test('every bit of a built table has a name', () => {
  for (const leaf of decode(built({ model: 'max', cpus: 4, tscKhz: 2_000_000 }).entries)) {
    expect(leaf.name, leaf.function.toString(16)).toBeDefined()
    expect(leaf.unnamed, leaf.function.toString(16)).toEqual({})
  }
})

test.each([
  ['bmi9', 'BMI1'],
  ['sse42', 'SSE4_2'],
  ['rdrnad', 'RDRAND'],
  ['somethingelse', undefined],
])('the feature nearest to %s is %s', (name, expected) => {
  expect(nearestFeature(name)).toBe(expected)
})

test.each([
  ['BMI2', 'BMI2'],
  ['bmi2', 'BMI2'],
  ['tsc-deadline', 'TSC_DEADLINE'],
  ['pni', 'SSE3'],
  ['kvm_clocksource2', 'KVM_FEATURE_CLOCKSOURCE2'],
  ['toString', undefined],
])('%s is the feature %s', (name, expected) => {
  expect(featureNamed(name)).toBe(expected)
})

test('a CPU is read from a model and signed features', () => {
  expect(parseCpu('max,+BMI2,-avx')).toMatchObject({
    kind: 'cpu',
    model: { name: 'max' },
    features: { plus: ['BMI2'], minus: ['AVX'] },
  })
})

test.each([
  ['mox', "unknown CPU model 'mox'; did you mean max?"],
  ['pentium', "unknown CPU model 'pentium'; known are default, max, x86-64-v1, x86-64-v2, x86-64-v3"],
  ['max,+bmi9', "unknown CPU feature 'bmi9'; did you mean BMI1?"],
  ['max,bmi1', "expected +FEATURE or -FEATURE after the CPU model, got 'bmi1'"],
  ['', "unknown CPU model ''; known are default, max, x86-64-v1, x86-64-v2, x86-64-v3"],
])('--cpu %s is refused with a sentence', (text, says) => {
  expect(parseCpu(text)).toEqual({ kind: 'refused', says })
})

test('a CPU is also read from a model of someone else, whose name is told to who misspells it', () => {
  const model = { ...cpuModels[0], name: 'mine' }
  const more = {
    names: ['mine'],
    modelNamed: (name: string) => (name === 'mine' ? ({ kind: 'model', model } as const) : undefined),
  }
  expect(parseCpu('mine,-AVX', more)).toMatchObject({ kind: 'cpu', model: { name: 'mine' } })
  expect(parseCpu('max', more)).toMatchObject({ kind: 'cpu', model: { name: 'max' } })
  expect(parseCpu('mime', more)).toEqual({ kind: 'refused', says: "unknown CPU model 'mime'; did you mean mine?" })
})

test.each([
  { family: 6, model: 0x8f, stepping: 8 },
  { family: 0x1a, model: 2, stepping: 1 },
  { family: 15, model: 107, stepping: 1 },
])('a signature goes into EAX and comes out again: %o', (signature) => {
  expect(signatureOf(signatureEax(signature))).toEqual(signature)
})
