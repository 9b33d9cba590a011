/// <reference types="node" />
import { readdirSync } from 'node:fs'
import { brandOf, decode, findEntry, has, lookup, signatureOf, supportedCpuid, unsupported, vendorOf } from '@vmm/cpuid'
import { cite } from '@vmm/source'
import { expect, test } from 'vitest'
import { hostNamed, modelOfHost, namedHosts } from './index.ts'

const titled = namedHosts.map((row) => [row.name, row] as const)

test('the list is the directory', async () => {
  const files = readdirSync(`${import.meta.dirname}/hosts`).filter((name) => name.endsWith('.rows.ts'))
  const exported: unknown[] = []
  for (const file of files)
    exported.push(...Object.values((await import(`./hosts/${file}`)) as Record<string, unknown>))
  expect(new Set(exported)).toEqual(new Set(namedHosts))
})

test('no two hosts have one name', () => {
  const names = namedHosts.flatMap(({ name, aliases }) => [name, ...aliases])
  expect(new Set(names).size).toBe(names.length)
})

test.each(titled)('%s agrees with itself', (_, { host, source, part }) => {
  expect(cite(source)).not.toBe('')
  const places = host.cpuid.map((row) => `${row.function}.${row.index}`)
  expect(new Set(places).size).toBe(places.length)
  expect(vendorOf(host.cpuid)).toBe(host.vendorModule === 'kvm_intel' ? 'GenuineIntel' : 'AuthenticAMD')
  if (brandOf(host.cpuid) !== '') expect(brandOf(host.cpuid).replaceAll(/\s+/g, '')).toContain(part.split(' ').at(-1))
  const [basic, extended] = [0, 0x8000_0000].map((leaf) => findEntry(host.cpuid, leaf, 0)!.eax)
  for (const { function: leaf } of host.cpuid) expect(leaf).toBeLessThanOrEqual(leaf < 0x8000_0000 ? basic! : extended!)
  expect(host.physicalAddressWidth).toBe(lookup(host.cpuid, 0x8000_0008, 0).eax & 0xff)
  for (const { name } of decode(host.cpuid)) expect(name).toBeDefined()
})

test.each([
  ['westmere', 6, 0x2f, false],
  ['haswell', 6, 0x3f, false],
  ['skylake-sp', 6, 0x55, true],
  ['cascade-lake', 6, 0x55, true],
  ['ice-lake', 6, 0x6a, true],
  ['sapphire-rapids', 6, 0x8f, true],
  ['naples', 0x17, 0x01, false],
  ['milan', 0x19, 0x01, false],
  ['genoa', 0x19, 0x11, true],
] as const)('%s is family %i, model %i', (name, family, model, avx512) => {
  const found = hostNamed(name)
  if (found.kind === 'refused') throw new Error(found.says)
  expect(signatureOf(lookup(found.host.cpuid, 1, 0).eax)).toMatchObject({ family, model })
  expect(has(found.host.cpuid, 'AVX512F')).toBe(avx512)
})

test('a host is found by what people call it, and a wrong name is told what there is', () => {
  expect(hostNamed('SPR')).toMatchObject({ kind: 'host', row: { name: 'sapphire-rapids' } })
  expect(hostNamed('Cascade Lake')).toMatchObject({ kind: 'host', row: { name: 'cascade-lake' } })
  expect(hostNamed('z80')).toEqual({ kind: 'refused', says: expect.stringContaining('unknown host') as string })
})

test.each(titled)('what KVM reports on %s is supported by itself, in every release', (_, { host }) => {
  const releases = ['5.10', '6.1', '6.12', '6.18'] as const
  const answers = releases.map((kernel) => supportedCpuid({ kernel, host }))
  for (const [at, { entries }] of answers.entries()) {
    expect(unsupported(entries, answers[at]!)).toEqual([])
    expect(entries.length).toBeLessThan(140)
    expect(findEntry(entries, 0x4000_0001, 0)!.eax & (1 << 14)).not.toBe(0)
  }
})

test('tiles are for a process that may have them', () => {
  const found = hostNamed('spr')
  if (found.kind === 'refused') throw new Error(found.says)
  const { host } = found
  const xcr0 = (permitted: bigint) => lookup(supportedCpuid({ kernel: '6.12', host, permitted }).entries, 0x0d, 0).eax
  expect(xcr0(0n)).toBe(0x2e7)
  expect(xcr0(1n << 18n)).toBe(0x6_02e7)
  expect(lookup(supportedCpuid({ kernel: '6.1', host }).entries, 0x0d, 0).eax).toBe(0x2_02e7)
  expect(lookup(supportedCpuid({ kernel: '5.15', host }).entries, 0x0d, 0).eax).toBe(0x2e7)
})

test('a guest of a host has its caches and what KVM reports on it, in that release', () => {
  const found = hostNamed('spr')
  if (found.kind === 'refused') throw new Error(found.says)
  const [old, recent] = (['5.10', '6.12'] as const).map((kernel) => modelOfHost(found.row, kernel))
  if (old?.kind !== 'model' || recent?.kind !== 'model') throw new Error('refused')
  expect(recent.model.caches.map(({ level, kilobytes }) => [level, kilobytes])).toEqual([
    [1, 48],
    [1, 32],
    [2, 2048],
    [3, 76800],
  ])
  const has512 = (model: typeof recent.model) => (model.features as readonly string[]).includes('AVX512_FP16')
  expect([has512(old.model), has512(recent.model)]).toEqual([false, true])
  expect(recent.model.features).not.toContain('VMX')
})

test.each(['naples', 'milan', 'genoa'])('%s is no CPU of a guest', (name) => {
  const found = hostNamed(name)
  if (found.kind === 'refused') throw new Error(found.says)
  expect(modelOfHost(found.row, '6.12')).toMatchObject({
    kind: 'refused',
    says: expect.stringContaining("AMD's") as string,
  })
})
