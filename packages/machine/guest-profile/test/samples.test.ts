import { expect, test } from 'vitest'
import { hotSpots, Samples } from '../src/index.ts'
import { kernel, named, sampleAt } from './samples.ts'

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)

test('places are named: by symbols, by page, and programs by address space', () => {
  const places = [
    sampleAt(0),
    sampleAt(1, { rip: 0xffff_ffff_c012_3456n }),
    sampleAt(2, { rip: 0x40_1234n, privilege: 3, space: 0x7000n }),
    sampleAt(3, { rip: 0x40_1fffn, privilege: 3, space: 0x9000n }),
    // the same space: another PCID, and the other half of an isolated table
    sampleAt(4, { rip: 0x40_1000n, privilege: 3, space: 0x6001n }),
  ]
  expect(named(places).named.map(({ frames }) => frames)).toEqual([
    ['system', 'copy'],
    ['system', '[ffffffffc0123xxx]'],
    ['programs', 'address space 1', '[401xxx]'],
    ['programs', 'address space 2', '[401xxx]'],
    ['programs', 'address space 1', '[401xxx]'],
  ])
})

test('who called is between what contains all and what was executing, and does not part a place', () => {
  const stack = { rsp: 0n, rbp: 0n, bytes: new Uint8Array(8) }
  const samples = new Samples(1000)
  for (const [index, rip] of [0x1008n, 0x1010n].entries()) samples.take(sampleAt(index, { rip, stack }))
  samples.take(sampleAt(2, { rip: 0x40_0000n, privilege: 3, stack }))
  samples.take(sampleAt(3))
  const callers = ({ rip }: { readonly rip: bigint }) => (rip === 0x1008n ? [0x1104n, 0x9000n] : [0x9000n])
  samples.name({ tables: [kernel], callers })
  expect(samples.named.map(({ frames }) => frames)).toEqual([
    ['system', '[9xxx]', 'schedule', 'copy'],
    ['system', '[9xxx]', 'copy'],
    ['programs', 'address space 1', '[400xxx]'],
    ['system', 'copy'],
  ])
  expect(hotSpots(samples.named)[0]).toMatchObject({ frames: ['system', 'copy'], instructions: 3000 })
  expect(samples.named[0]).not.toHaveProperty('stack')
})

test('names are given once: what ran before another guest took its place keeps them', () => {
  const samples = named([sampleAt(0)])
  samples.take(sampleAt(1))
  samples.name({ tables: [] })
  expect(samples.named.map(({ frames }) => frames.at(-1))).toEqual(['copy', '[1xxx]'])
})

test('of too many samples one stands for two, is taken half as often, and nothing is lost', () => {
  const samples = new Samples(1000, 100)
  for (let at = 0; at < 1_000_000; ) {
    const { every } = samples
    at += every
    samples.take(sampleAt(0, { instructions: every, guest: { to: at, ran: every }, host: { to: at, ran: every } }))
  }
  samples.name({ tables: [] })
  expect(samples.named.length).toBeLessThanOrEqual(100)
  expect(samples.named.length).toBeGreaterThan(50)
  expect(samples.every).toBe(16_000)
  const { to } = samples.named.at(-1)!.guest
  expect(to).toBeGreaterThanOrEqual(1_000_000)
  expect(sum(samples.named.map(({ instructions }) => instructions))).toBe(to)
  expect(sum(samples.named.map(({ guest }) => guest.ran))).toBe(to)
})

test('processors keep their own samples', () => {
  const all = Array.from({ length: 400 }, (_, at) => sampleAt(at, { vcpu: at % 3 }))
  const samples = named(all, 64).named
  for (const vcpu of [0, 1, 2]) {
    const expected = sum(all.filter((sample) => sample.vcpu === vcpu).map(({ instructions }) => instructions))
    const kept = samples.filter((sample) => sample.vcpu === vcpu)
    expect(sum(kept.map(({ instructions }) => instructions))).toBe(expected)
  }
  expect(samples.map(({ guest }) => guest.to)).toEqual(samples.map(({ guest }) => guest.to).toSorted((a, b) => a - b))
})

test('hot spots are places by what was executed there', () => {
  const samples = [0x1000n, 0x1100n, 0x1108n, 0x1001n, 0x1002n].map((rip, at) => sampleAt(at, { rip }))
  expect(hotSpots(named(samples).named)).toEqual([
    { frames: ['system', 'copy'], instructions: 3000, share: 0.6 },
    { frames: ['system', 'schedule'], instructions: 2000, share: 0.4 },
  ])
  expect(hotSpots([])).toEqual([])
})
