import { simdOperations } from '@vmm/x86-semantics'
import { expect, test } from 'vitest'
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
