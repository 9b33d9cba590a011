import { expect, test } from 'vitest'
import { limitsOf, verdict } from './limits.ts'
import { type Measured, outcomeOf } from './measured.ts'

const row = (name: string, about: Partial<Measured>): Measured => ({
  name,
  says: name,
  kind: 'compute',
  width: 64,
  apart: false,
  peers: {},
  ratios: {},
  ...about,
})

const found = (rows: readonly Measured[], says: string) =>
  limitsOf(rows, {}).find((limit) => limit.says.startsWith(says))!

test('a mean is geometric and leaves out rows that stand apart', () => {
  const rows = [
    row('a', { ratios: { qemu: 0.5 } }),
    row('b', { ratios: { qemu: 2 } }),
    row('c', { ratios: { qemu: 100 }, apart: true }),
  ]
  expect(found(rows, '64-bit compute')).toMatchObject({ value: 1 })
})

test('the mean of compute rows is without floats, that of all rows with them, and neither has the boot', () => {
  const rows = [
    row('a', { ratios: { qemu: 1 } }),
    row('b', { ratios: { qemu: 0.25 }, kind: 'float' }),
    row('boot', { ratios: { qemu: 50 }, kind: 'linux' }),
  ]
  expect(found(rows, '64-bit compute').value).toBe(1)
  expect(found(rows, 'all 64-bit').value).toBe(0.5)
  expect(found(rows, 'Linux from start').value).toBe(50)
})

test('the slowest row is named, and decides', () => {
  const rows = [row('a', { ratios: { v86: 0.4 }, width: 32 }), row('b', { ratios: { v86: 1.2 }, width: 32 })]
  const limit = found(rows, 'the slowest 32-bit')
  expect(limit).toMatchObject({ value: 1.2, row: 'b' })
  expect(verdict(limit)).toBe('not met')
})

test('what was not measured is neither met nor not met', () => {
  expect(limitsOf([], {}).map(verdict)).toEqual(limitsOf([], {}).map(() => 'not measured'))
})

test('the throughput of threads is by the wall, of turns by CPU time', () => {
  const outcome = (rounds: number, cpuSeconds: number, seconds: number) =>
    outcomeOf([{ rounds, cpuSeconds, seconds, threads: {}, sum: '' }])
  const rows = [
    row('alone', { apart: true, peers: { vmm: outcome(10, 1, 1) } }),
    row('parallel', { apart: true, peers: { vmm: outcome(20, 2.1, 9), threads: outcome(20, 2.2, 1.1) } }),
  ]
  expect(found(rows, 'two CPUs in threads').value).toBe(1.82)
  expect(found(rows, 'two CPUs in turns').value).toBe(0.95)
})
