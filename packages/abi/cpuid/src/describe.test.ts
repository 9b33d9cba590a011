/// <reference types="node" />
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import {
  describeDiff,
  describeTable,
  diffTables,
  entry,
  leaves,
  readTable,
  withFeature,
  withoutFeature,
} from './index.ts'

const recorded = readTable(readFileSync(`${import.meta.dirname}/../cases/amd-epyc-family-1ah.cpuid.txt`, 'utf8'))

test('a dump is told in words: its vendor, its leaves, its features, and no bit is left out', () => {
  const lines = describeTable(recorded)
  expect(lines[0]).toMatch(/^AuthenticAMD, .*: family 1AH, model 02H, stepping 1$/)
  expect(lines).toContain('40000001H  KVM Features')
  const words = lines.join(' ').split(' ')
  for (const feature of [
    'SSE4_2',
    'AVX512F',
    'KVM_FEATURE_CLOCKSOURCE2',
    'XCR0_LOW=x87+SSE+AVX+opmask+ZMM_Hi256+Hi16_ZMM',
  ])
    expect(words).toContain(feature)
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(124)
})

test('bits that no row names are told by their register', () => {
  expect(describeTable([entry(0x55, { ecx: 0x8000_0001 })])).toEqual(['55H  unknown', '    ECX:80000001H?'])
})

test('a sub-leaf is told where it matters', () => {
  expect(describeTable([entry(7, { edx: 1 << 5 }, 2)])).toEqual([
    '07H.2  Structured Extended Feature Flags, Sub-leaf 2',
    '    MCDT_NO',
  ])
})

test('a table differs from itself in nothing', () => {
  expect(diffTables(recorded, recorded)).toEqual([])
  expect(describeDiff(recorded, [...recorded].reverse())).toEqual([])
})

test('what one table has more than another is named', () => {
  const other = withoutFeature(withFeature(recorded, 'LAM'), 'SSE4_2')
  expect(describeDiff(recorded, other)).toEqual([
    '01H  Version Information and Features',
    '    -SSE4_2',
    '07H.1  Structured Extended Feature Flags, Sub-leaf 1',
    '    +LAM',
  ])
  const [change] = diffTables(recorded, other)
  expect(change).toMatchObject({ function: 1, in: 'both', lost: ['SSE4_2'], gained: [] })
})

test('numbers that differ are told with both values, and leaves that only one has', () => {
  const changes = diffTables(
    [entry(0x8000_0008, { eax: 0x3030 })],
    [entry(0x8000_0008, { eax: 0x3934 }), entry(0x16, { eax: 2000 })],
  )
  expect(changes.map(({ function: leaf, in: where }) => [leaf, where])).toEqual([
    [0x16, 'second only'],
    [0x8000_0008, 'both'],
  ])
  expect(changes[1]!.numbers).toEqual([
    { name: 'PHYSICAL_ADDRESS_BITS', from: 48, to: 52 },
    { name: 'LINEAR_ADDRESS_BITS', from: 48, to: 57 },
  ])
})

test('the same number means what the hypervisor at its base says', () => {
  const hyperv = entry(0x4000_0000, { eax: 0x4000_0005, ebx: 0x7263_694d, ecx: 0x666f_736f, edx: 0x7648_2074 })
  const kvm = entry(0x4000_0100, { eax: 0x4000_0101, ebx: 0x4b4d_564b, ecx: 0x564b_4d56, edx: 0x4d })
  const table = [hyperv, entry(0x4000_0003, { eax: 1 << 6 }), kvm, entry(0x4000_0101, { eax: 1 << 3 })]
  const lines = describeTable(table)
  expect(lines).toContain('    HV_MSR_VP_INDEX_AVAILABLE')
  expect(lines).toContain('    KVM_FEATURE_CLOCKSOURCE2')
  expect(leaves.length).toBeGreaterThan(100)
})
