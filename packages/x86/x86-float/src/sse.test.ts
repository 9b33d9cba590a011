import { fusedNumber, fusedOperations, simdOperations } from '@vmm/x86-semantics'
import { expect, test } from 'vitest'
import { runFused } from './fused.ts'
import { runSimd } from './sse.ts'

const standard = 0x1f80
const number = (name: string, immediate = 0) => (simdOperations as readonly string[]).indexOf(name) | (immediate << 8)
const f64 = (value: number): bigint => new BigUint64Array(Float64Array.of(value).buffer)[0]!
const f32s = (...values: number[]): bigint =>
  new BigUint64Array(Float32Array.from(values).buffer).reduce(
    (all, half, index) => all | (half << BigInt(index * 64)),
    0n,
  )

test('every operation of the list can be run', () => {
  for (const [index] of simdOperations.entries()) expect(() => runSimd(index, 0n, 0n, standard)).not.toThrow()
})

test('packed operations work lane by lane, scalar ones on the lowest', () => {
  expect(runSimd(number('ADDPS'), f32s(1, 2, 3, 4), f32s(10, 20, 30, 40), standard)).toEqual({
    value: f32s(11, 22, 33, 44),
    flags: 0,
  })
  expect(runSimd(number('MULSD'), f64(1.5), f64(4), standard)).toEqual({ value: f64(6), flags: 0 })
})

test('one third is inexact, one over zero is a division by zero', () => {
  expect(runSimd(number('DIVSD'), f64(1), f64(3), standard)).toEqual({ value: f64(1 / 3), flags: 0x20 })
  expect(runSimd(number('DIVSD'), f64(1), f64(0), standard)).toEqual({ value: f64(Number.POSITIVE_INFINITY), flags: 4 })
})

test('conversions round as MXCSR says, or truncate', () => {
  expect(runSimd(number('CVTSD2SI32'), 0n, f64(2.5), standard).value).toBe(2n)
  expect(runSimd(number('CVTSD2SI32'), 0n, f64(2.5), standard | 0x4000).value).toBe(3n)
  expect(runSimd(number('CVTTSD2SI64'), 0n, f64(-2.9), standard).value).toBe(BigInt.asUintN(64, -2n))
  expect(runSimd(number('CVTSI2SD64'), 0n, BigInt.asUintN(64, -7n), standard).value).toBe(f64(-7))
})

test('comparing with a NaN is unordered', () => {
  expect(runSimd(number('UCOMISD'), f64(Number.NaN), f64(1), standard)).toEqual({ value: 0x45n, flags: 0 })
  expect(runSimd(number('COMISD'), f64(Number.NaN), f64(1), standard).flags).toBe(1)
})

test('rounding takes its direction from the immediate', () => {
  expect(runSimd(number('ROUNDSD', 1), 0n, f64(2.7), standard).value).toBe(f64(2))
  expect(runSimd(number('ROUNDSD', 2 | 8), 0n, f64(2.1), standard)).toEqual({ value: f64(3), flags: 0 })
})

test('predicates from 8 on are those of AVX', () => {
  const [a, b] = [f64(Number.NaN), f64(1)]
  expect(runSimd(number('CMPSD', 8), a, b, standard)).toEqual({ value: 2n ** 64n - 1n, flags: 0 })
  expect(runSimd(number('CMPSD', 0x18), a, b, standard)).toEqual({ value: 2n ** 64n - 1n, flags: 1 })
})

test('halves become singles exactly, denormal ones too, and singles are rounded to halves as the immediate says', () => {
  const halves = 0x7c00_0001_bc00_3555n
  expect(runSimd(number('CVTPH2PS'), 0n, halves, standard | 0x8040)).toEqual({
    value: f32s(0.333251953125, -1, 2 ** -24, Number.POSITIVE_INFINITY),
    flags: 0,
  })
  const third = f32s(1 / 3, 0, 0, 0)
  expect(runSimd(number('CVTPS2PH'), 0n, third, standard)).toEqual({ value: 0x3555n, flags: 0x20 })
  expect(runSimd(number('CVTPS2PH', 2), 0n, third, standard).value).toBe(0x3556n)
})

test('every fused operation rounds once', () => {
  for (const [index] of fusedOperations.entries()) expect(() => runFused(index, 0n, 0n, 0n, standard)).not.toThrow()
  const x = 1 + 2 ** -52
  const rest = runFused(fusedNumber('FMSUBSD'), f64(x), f64(x), f64(x * x), standard)
  expect(rest).toEqual({ value: f64(2 ** -104), flags: 0 })
  expect(runFused(fusedNumber('FNMADDSD'), f64(x), f64(x), f64(x * x), standard).value).toBe(f64(-(2 ** -104)))
})

test('ADDSUB subtracts in even lanes, SUBADD in odd ones', () => {
  const [a, b, c] = [f32s(1, 2, 3, 4), f32s(2, 2, 2, 2), f32s(1, 1, 1, 1)]
  expect(runFused(fusedNumber('FMADDSUBPS'), a, b, c, standard).value).toBe(f32s(1, 5, 5, 9))
  expect(runFused(fusedNumber('FMSUBADDPS'), a, b, c, standard).value).toBe(f32s(3, 3, 7, 7))
})

test('of several NaNs the first factor comes back, its sign as it was', () => {
  const [first, second] = [0x7ff8_0000_0000_0001n, 0x7ff8_0000_0000_0002n]
  expect(runFused(fusedNumber('FNMSUBSD'), first, second, second, standard)).toEqual({ value: first, flags: 0 })
  expect(runFused(fusedNumber('FMADDSD'), f64(0), f64(Number.POSITIVE_INFINITY), second, standard).value).toBe(second)
})
