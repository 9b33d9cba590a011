import { type X87Format, type X87Operation, x87Formats, x87Number, x87Operations } from '@vmm/x86-semantics'
import { describe, expect, test } from 'vitest'
import { runX87 } from './x87.ts'

const standard = 0x37f
const [IE, DE, ZE, PE, C1, C2] = [0x01, 0x02, 0x04, 0x20, 0x200, 0x400]
const float80 = (signExponent: number, significand: bigint) => ({ signExponent, significand })
const [zero, one, two] = [float80(0, 0n), float80(0x3fff, 1n << 63n), float80(0x4000, 1n << 63n)]
const half = float80(0x3ffe, 1n << 63n)
const infinity = float80(0x7fff, 1n << 63n)
/** A pattern of memory. */
const memory = (significand: bigint, signExponent = 0) => ({ signExponent, significand })
const run = (operation: X87Operation, a = zero, b = zero, format?: X87Format, fcw = standard) =>
  runX87(x87Number(operation, format), a, b, fcw)

test.each(x87Operations)('%s can be run on every format', (operation) => {
  for (const format of x87Formats) {
    const { value, second, status } = run(operation, one, one, format)
    for (const { significand, signExponent } of [value, second]) {
      expect(BigInt.asUintN(64, significand)).toBe(significand)
      expect(signExponent & 0xffff).toBe(signExponent)
    }
    expect(status & ~0x477f).toBe(0)
  }
})

test('a number that stands for no operation is a mistake', () => {
  expect(() => runX87(0xff, one, one, standard)).toThrow(RangeError)
  expect(() => runX87(x87Formats.length << 8, one, one, standard)).toThrow(RangeError)
})

describe('a source in memory', () => {
  test.each([
    ['m32fp', memory(0x3f80_0000n)],
    ['m64fp', memory(0x3ff0_0000_0000_0000n)],
    ['m16int', memory(1n)],
    ['m32int', memory(1n)],
    ['m64int', memory(1n)],
    ['m80bcd', memory(1n)],
    ['register', one],
  ] as const)('is one as %s', (format, source) => {
    expect(run('FADD', one, source, format)).toEqual({ value: two, second: two, status: 0, written: true })
  })

  test('is as wide as its format says, and signed', () => {
    expect(run('FLD', zero, memory(0x1_ffffn), 'm16int').value).toEqual(float80(0xbfff, 1n << 63n))
    expect(run('FLD', zero, memory(0xffff_ffffn), 'm32int').value).toEqual(float80(0xbfff, 1n << 63n))
    expect(run('FLD', zero, memory(1n, 0x8000), 'm80bcd').value).toEqual(float80(0xbfff, 1n << 63n))
  })

  test('tells of a denormal once it is used, or loaded', () => {
    expect(run('FADD', one, memory(1n), 'm64fp').status & DE!).toBe(DE)
    const loaded = run('FLD', zero, memory(1n), 'm64fp', standard & ~DE!)
    expect(loaded).toMatchObject({ value: float80(0x3bcd, 1n << 63n), status: DE, written: true })
  })
})

describe('what comes out', () => {
  test('has C1 where the magnitude grew, by the direction that FCW asks for', () => {
    const status = (rounding: number) => run('FDIV', one, memory(3n), 'm16int', standard | (rounding << 10)).status
    expect([0, 1, 2, 3].map(status)).toEqual([PE! | C1!, PE, PE! | C1!, PE])
  })

  test('has the precision that FCW asks for', () => {
    const significand = (precision: number) =>
      run('FDIV', one, memory(3n), 'm16int', (standard & ~0x300) | (precision << 8)).value.significand
    expect([0, 2, 3].map(significand)).toEqual([0xaaaa_ab00_0000_0000n, 0xaaaa_aaaa_aaaa_a800n, 0xaaaa_aaaa_aaaa_aaabn])
  })

  test('is reversed by the reversed forms', () => {
    expect(run('FDIVR', two, one).value).toEqual(half)
    expect(run('FSUBR', one, two).value).toEqual(one)
  })

  test('is not written where an exception that is found before is unmasked', () => {
    expect(run('FDIV', one, zero)).toMatchObject({ value: infinity, status: ZE, written: true })
    expect(run('FDIV', one, zero, 'register', standard & ~ZE!)).toMatchObject({ status: ZE, written: false })
    expect(run('FSQRT', float80(0xbfff, 1n << 63n), zero, 'register', standard & ~IE!)).toMatchObject({
      status: IE,
      written: false,
    })
  })

  test('is two values for those that push: exponent and significand, tangent and one', () => {
    const split = run('FXTRACT', float80(0x4001, 0xa000_0000_0000_0000n))
    expect([split.value, split.second]).toEqual([two, float80(0x3fff, 0xa000_0000_0000_0000n)])
    expect(run('FPTAN', zero)).toMatchObject({ value: zero, second: one })
  })

  test('is C2 and the operand where a function is not defined for it', () => {
    const far = float80(0x403f, 1n << 63n)
    for (const operation of ['FSIN', 'FCOS', 'FSINCOS', 'FPTAN'] as const)
      expect(run(operation, far)).toMatchObject({ value: far, status: C2 })
  })

  test('is the bits of memory for a store', () => {
    expect(run('FST64', two).value.significand).toBe(0x4000_0000_0000_0000n)
    expect(run('FIST16', float80(0xbfff, 1n << 63n)).value.significand).toBe(0xffffn)
    expect(run('FBSTP80', float80(0xc002, 0xc000_0000_0000_0000n)).value).toEqual(memory(0x12n, 0x8000))
  })
})
