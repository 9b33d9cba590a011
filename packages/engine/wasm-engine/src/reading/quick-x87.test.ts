import { ModuleBuilder } from '@vmm/wasm-encoder'
import { runX87 } from '@vmm/x86-float'
import { type X87Format, type X87Operation, x87Number, x87Operations } from '@vmm/x86-semantics'
import { describe, expect, test } from 'vitest'
import { Code } from '../emit/code.ts'
import { functionOf } from '../emit/write.ts'
import { wasm } from '../webassembly.ts'
import { quickX87, quickX87Ways } from './quick-x87.ts'

type Results = [bigint, number, bigint, number, number, number]
type Run = (aSignificand: bigint, aSign: number, bSignificand: bigint, bSign: number, fcw: number) => Results

/** What FSW says when the quick way was not taken. */
const asked = 1 << 30
const parameters = ['i64', 'i32', 'i64', 'i32', 'i32'] as const
const results = ['i64', 'i32', 'i64', 'i32', 'i32', 'i32'] as const
const standard = 0x37f
const rounds = 4000
const one = 0x3fff

function compiled(number: number): Run {
  const code = new Code(parameters)
  const values = parameters.map((_, index) => code.fixedLocal(index))
  const [none, zero] = [code.i64(0n), code.i32(0)]
  const taken = quickX87(code, [code.i32(number), ...values], () => [none, zero, none, zero, code.i32(asked), zero])
  code.leave({ kind: 'return' }, ...taken)
  const module = new ModuleBuilder()
  const index = module.declare({ parameters, results })
  module.define(
    index,
    functionOf(code, parameters.length, (each) => module.type(each)),
  )
  module.export('run', index)
  return new wasm.Instance(new wasm.Module(module.finish()), {}).exports['run'] as Run
}

function randomBits(): () => bigint {
  let state = 0x2545_f491_4f6c_dd1dn
  return () => {
    state ^= (state << 13n) & ((1n << 64n) - 1n)
    state ^= state >> 7n
    state ^= (state << 17n) & ((1n << 64n) - 1n)
    return state
  }
}

const random = randomBits()
const below = (count: number): number => Number((random() >> 8n) % BigInt(count))

/** Significands that tie, carry and cancel, beside random ones. */
function significand(): bigint {
  const [top, all] = [1n << 63n, (1n << 64n) - 1n]
  const bit = 1n << BigInt(below(64))
  const kind = below(6)
  if (kind === 0) return top | bit
  if (kind === 1) return all ^ (bit >> 1n)
  if (kind === 2) return top | (random() & (bit - 1n))
  if (kind === 3) return below(4) === 0 ? random() & (top - 1n) : top
  return top | random()
}

function register(): [bigint, number] {
  if (below(6) === 0) return [0n, below(2) << 15]
  const around = [one, one + below(80) - 40, one + below(2200) - 1100, below(0x8000), below(3), 0x7ffd + below(3)]
  return [significand(), around[below(6)]! | (below(2) << 15)]
}

/** Close to another value: sums cancel, comparisons are near. */
const near = ([bits, sign]: [bigint, number]): [bigint, number] => [
  (bits ^ (random() & 3n)) | (1n << 63n),
  (sign ^ (below(2) << 15)) + (below(8) === 0 && (sign & 0x7fff) < 0x7ffe ? 1 : 0),
]

const fractions: Readonly<Partial<Record<X87Format, readonly [fraction: number, bias: number]>>> = {
  m32fp: [23, 127],
  m64fp: [52, 1023],
}

/** Any pattern at times; mostly integers that are small, and floats around one. */
function memory(format: X87Format): [bigint, number] {
  const [fraction, bias] = fractions[format] ?? []
  if (below(6) === 0) return [below(2) === 0 || fraction === undefined ? 0n : 1n << (format === 'm32fp' ? 31n : 63n), 0]
  if (fraction !== undefined && bias !== undefined && below(4) !== 0) {
    const exponent = BigInt(bias + below(60) - 30) << BigInt(fraction)
    const sign = BigInt(below(2)) << (format === 'm32fp' ? 31n : 63n)
    return [sign | exponent | (random() & ((1n << BigInt(fraction)) - 1n)), 0]
  }
  const width = format.includes('16') ? 16 : format.includes('32') ? 32 : 64
  const small = BigInt(below(7)) - 3n
  return [below(4) === 0 ? BigInt.asUintN(64, small) : random() >> BigInt(below(width) + 64 - width), 0]
}

const withMemory: ReadonlySet<string> = new Set(['FADD', 'FSUB', 'FSUBR', 'FMUL', 'FDIV', 'FDIVR', 'FCOM'])
const floats = ['m32fp', 'm64fp', 'm16int', 'm32int'] as const
const formatsOf = (name: string): readonly X87Format[] =>
  name === 'FLD' ? [...floats, 'm64int'] : withMemory.has(name) ? ['register', ...floats] : ['register']

const names = Object.keys(quickX87Ways) as X87Operation[]
const forms = names.flatMap((name) => formatsOf(name).map((format) => [name, format] as const))

describe('what the x87 computes the quick way', () => {
  test.for(forms)('%s of %s agrees with the soft float library', ([name, format]) => {
    const number = x87Number(name, format)
    const run = compiled(number)
    let answered = 0
    for (let round = 0; round < rounds; round += 1) {
      const a = register()
      const b = format !== 'register' ? memory(format) : below(3) === 0 ? near(a) : register()
      const fcw = below(8) === 0 ? Number(random() & 0xf7fn) | 0x40 : standard
      const [value, sign, , , status, written] = run(a[0], a[1], b[0], b[1], fcw)
      if (status === asked) continue
      answered += 1
      const [x, y] = [a, b].map(([bits, signExponent]) => ({ significand: bits, signExponent })) as [Value, Value]
      const true_ = runX87(number, x, y, fcw)
      const say = [a[1], a[0], b[1], b[0], fcw].map((each) => each.toString(16)).join(' ')
      const isComparison = name === 'FCOM' || name === 'FUCOM'
      const mine = isComparison ? true_.value : { significand: BigInt.asUintN(64, value), signExponent: sign }
      expect([mine, status, written === 1], say).toEqual([true_.value, true_.status, true_.written])
    }
    expect(answered).toBeGreaterThan(rounds / 50)
  })

  test.for(['FADD', 'FSUB', 'FMUL', 'FDIV', 'FSQRT', 'FCOM', 'FST64', 'FIST32'] as const)(
    '%s of ordinary numbers does not ask',
    (name) => {
      const [pi, e] = [0xc90f_daa2_2168_c235n, 0xadf8_5458_a2bb_4a9bn]
      expect(compiled(x87Number(name))(pi, 0x4000, e, 0x4000, standard)[4]).not.toBe(asked)
    },
  )

  test('zeros do not ask, and what cancels does not', () => {
    const [top, none] = [1n << 63n, 0n]
    for (const name of ['FADD', 'FSUB', 'FMUL', 'FCOM', 'FST64', 'FIST32'] as const)
      expect(compiled(x87Number(name))(none, 0, top, one, standard)[4], name).not.toBe(asked)
    expect(compiled(x87Number('FLD', 'm32int'))(none, 0, none, 0, standard)[4]).not.toBe(asked)
    expect(compiled(x87Number('FSUB'))(top, one, top, one, standard)[4]).toBe(0)
  })

  test('another rounding and an unmasked exception ask, and for arithmetic another precision', () => {
    const top = 1n << 63n
    const asks = (name: X87Operation, fcw: number) => compiled(x87Number(name))(top, one, top, one, fcw)[4] === asked
    for (const fcw of [0x77f, 0xb7f, 0xf7f, 0x37e, 0x35f]) expect(asks('FADD', fcw), fcw.toString(16)).toBe(true)
    expect([0x27f, 0x07f].map((fcw) => asks('FMUL', fcw))).toEqual([true, true])
    expect([0x27f, 0x07f].map((fcw) => asks('FST64', fcw))).toEqual([false, false])
  })

  test('every quick way is that of an operation that exists', () => {
    expect(names.filter((name) => !x87Operations.includes(name))).toEqual([])
  })
})

interface Value {
  readonly significand: bigint
  readonly signExponent: number
}
