import { type FunctionType, ModuleBuilder } from '@vmm/wasm-encoder'
import { runSimd } from '@vmm/x86-float'
import { simdNumber, simdOperations } from '@vmm/x86-semantics'
import { describe, expect, test } from 'vitest'
import { Code } from '../emit/code.ts'
import { functionOf } from '../emit/write.ts'
import { RegionFloats } from '../hot/floats.ts'
import { KnownVectors } from '../hot/known-vectors.ts'
import { at } from '../state-layout.ts'
import { wasm } from '../webassembly.ts'
import { fusedFunction, fusedType } from './quick-fused.ts'
import { quickScalars } from './quick-scalars.ts'
import { closerFunction, closerType, quickSimd } from './quick-simd.ts'
import { quickVectors } from './quick-vectors.ts'

type Run = (aLow: bigint, aHigh: bigint, bLow: bigint, bHigh: bigint, mxcsr: number) => [bigint, bigint, number]

/** What the flags say when the quick way was not taken. */
const asked = 1 << 30
const parameters = ['i64', 'i64', 'i64', 'i64', 'i32'] as const
const results = ['i64', 'i64', 'i32'] as const
const allMasked = 0x1f80
const precision = 0x20
const quiet = [
  ...['SS', 'SD', 'PS', 'PD'].flatMap((form) =>
    ['ADD', 'SUB', 'MUL', 'DIV', 'SQRT', 'MIN', 'MAX'].map((stem) => stem + form),
  ),
]

function compiled(number: number): Run {
  const code = new Code(parameters)
  const values = parameters.map((_, index) => code.fixedLocal(index))
  const taken = quickSimd(code, [code.i32(number), ...values], () => [code.i64(0n), code.i64(0n), code.i32(asked)])
  code.leave({ kind: 'return' }, ...taken)
  const module = new ModuleBuilder()
  const type = { parameters, results }
  const index = module.declare(type)
  module.define(
    index,
    functionOf(code, parameters.length, (each) => module.type(each)),
  )
  module.export('run', index)
  return new wasm.Instance(new wasm.Module(module.finish()), {}).exports['run'] as Run
}

const pages = { initial: 4, maximum: 4, shared: true } as const
const memory = new wasm.Memory(pages)

/** The operation as regions have it, and once more on its result and `b` if it is to be done `twice`. */
function compiledForRegion(number: number, twice: boolean): Run {
  const code = new Code(parameters)
  const module = new ModuleBuilder()
  module.importMemory('here', 'memory', pages)
  const added = (made: Code, type: FunctionType) => {
    const index = module.declare(type)
    module.define(
      index,
      functionOf(made, type.parameters.length, (each) => module.type(each)),
    )
    return index
  }
  const floats = new RegionFloats({
    code,
    cpu: code.i32(0),
    known: new KnownVectors(),
    closer: (operation) => added(closerFunction(operation), closerType),
    fused: (operation) => added(fusedFunction(operation), fusedType),
    decline: () => code.leave({ kind: 'return' }, code.i64(0n), code.i64(0n), code.i32(asked)),
  })
  const before = code.later('before')
  const [aLow, aHigh, ...b] = parameters.slice(0, 4).map((_, index) => code.fixedLocal(index))
  const control = code.i32(0)
  const once = floats.call([code.i32(number), aLow!, aHigh!, ...b, control])!
  const done = twice ? floats.call([code.i32(number), once[0], once[1], ...b, control])! : once
  code.leave({ kind: 'return' }, ...done)
  before(() => floats.fetch())
  module.export('run', added(code, { parameters, results }))
  const run = new wasm.Instance(new wasm.Module(module.finish()), { here: { memory } }).exports['run'] as Run
  return (...values) => {
    new DataView(memory.buffer).setUint32(at.MXCSR, values[4], true)
    return run(...values)
  }
}

/** Numbers with the habit of being special, beside random ones, as bits. */
function operands(width: 32 | 64): () => bigint {
  const [precisionBits, all] = width === 64 ? [52n, (1n << 64n) - 1n] : [23n, (1n << 32n) - 1n]
  const sign = 1n << BigInt(width - 1)
  const infinity = (sign - 1n) & ~((1n << precisionBits) - 1n)
  const bias = infinity >> 1n
  const one = bias & ~((1n << precisionBits) - 1n)
  const special = [0n, 1n, (1n << precisionBits) - 1n, 1n << precisionBits, (1n << precisionBits) + 1n, one, one + 1n]
  const more = [
    infinity,
    infinity - 1n,
    infinity + 1n,
    infinity | (1n << (precisionBits - 1n)),
    one + (3n << precisionBits),
  ]
  const pool = [...special, ...more].flatMap((bits) => [bits, bits | sign])
  const random = randomBits()
  return () => {
    const choice = Number(random() & 7n)
    if (choice === 0) return pool[Number(random() % BigInt(pool.length))]!
    if (choice < 4) return random() & all
    // around one, with few significant bits: sums and products that are exact
    const exponent = one + (((random() & 63n) - 32n) << precisionBits)
    const few = (random() & 7n) << (precisionBits - 3n)
    return (
      (choice < 6 ? exponent | few : exponent | (random() & ((1n << precisionBits) - 1n))) | (random() & 1n ? sign : 0n)
    )
  }
}

function randomBits(): () => bigint {
  let state = 0x2545_f491_4f6c_dd1dn
  return () => {
    state ^= (state << 13n) & ((1n << 64n) - 1n)
    state ^= state >> 7n
    state ^= (state << 17n) & ((1n << 64n) - 1n)
    return state >> 3n
  }
}

const singleLane = (name: string): number | undefined => {
  if (/^CVTT?S[SD]2SI/.test(name)) return Number(name.slice(-2))
  if (/^CVTSI2SS|CVTSD2SS/.test(name)) return 32
  if (/^CVTSI2SD|CVTSS2SD|COMI/.test(name)) return 64
  return name.endsWith('SS') ? 32 : name.endsWith('SD') ? 64 : undefined
}

const sourceWidth = (name: string): 32 | 64 => {
  if (/SI2S[SD]64/.test(name)) return 64
  return /PD$|SD$|SD2/.test(name) ? 64 : 32
}

const quickNames = Object.keys({ ...quickScalars, ...quickVectors })
const immediates = (name: string): readonly number[] =>
  name.startsWith('CMP') || name.startsWith('ROUND') ? Array.from({ length: 16 }, (_, index) => index) : [0]

describe('what regions compute', () => {
  test.for(quickNames)('%s agrees with the soft float library', (name) => {
    const isArithmetic = /^(ADD|SUB|MUL|DIV|MIN|MAX)/.test(name)
    for (const immediate of immediates(name))
      for (const twice of isArithmetic ? [false, true] : [false]) compareForRegion(name, immediate, twice)
  })

  test.for(quiet)('%s of ordinary numbers stays in them once PE is set', (name) => {
    const run = compiledForRegion(simdNumber(name), true)
    const [a, b] = /S[SD]$|PD$/.test(name) && !name.endsWith('SS') ? doubles : singles
    expect(run(a, a, b, b, allMasked | precision)[2]).toBe(0)
  })

  test('sums that are zero and what is exact stay in them while PE is clear', () => {
    const three = 0x4008_0000_0000_0000n
    for (const name of ['ADDSD', 'SUBSD', 'MULSD', 'DIVSD', 'MAXSD', 'UCOMISD', 'CVTTSD2SI32'])
      for (const b of [three, 0n])
        if (name !== 'DIVSD' || b !== 0n)
          expect(compiledForRegion(simdNumber(name), false)(three, 0n, b, 0n, allMasked)[2], name).toBe(0)
  })
})

/** What a region computes is what the library says that the operation gives, with no flag that was not there before. */
function compareForRegion(name: string, immediate: number, twice: boolean): void {
  const number = simdNumber(name, immediate)
  const run = compiledForRegion(number, twice)
  const next = operands(sourceWidth(name))
  const pair = () => (sourceWidth(name) === 64 ? next() : next() | (next() << 32n))
  const width = singleLane(name) ?? 128
  for (let round = 0; round < 1500; round += 1) {
    const [aLow, aHigh, bLow, bHigh] = [pair(), pair(), pair(), pair()]
    const mxcsr = round % 8 === 0 ? Number(next() & 0xffffn) : allMasked | (round & 3 ? precision : 0)
    const [low, high, flags] = run(aLow, aHigh, bLow, bHigh, mxcsr)
    if (flags === asked) continue
    const b = (bHigh << 64n) | bLow
    const once = runSimd(number, (aHigh << 64n) | aLow, b, mxcsr)
    const done = twice ? runSimd(number, once.value, b, mxcsr) : once
    const mine = (BigInt.asUintN(64, high) << 64n) | BigInt.asUintN(64, low)
    const say = `${name} ${immediate} ${aLow.toString(16)} ${bLow.toString(16)} under ${mxcsr.toString(16)}`
    expect(BigInt.asUintN(width, mine), say).toBe(BigInt.asUintN(width, done.value))
    expect((once.flags | done.flags) & ~mxcsr, say).toBe(0)
  }
}

const doubles = [0x400921fb54442d18n, 0x3fd5555555555555n] as const
const singles = [0x40490fdb3f9d70a4n, 0x3eaaaaab40a00000n] as const

describe('what is computed the quick way', () => {
  test.for(quickNames)('%s agrees with the soft float library', (name) => {
    for (const immediate of immediates(name)) {
      const number = simdNumber(name, immediate)
      const run = compiled(number)
      const next = operands(sourceWidth(name))
      const pair = () => (sourceWidth(name) === 64 ? next() : next() | (next() << 32n))
      for (let round = 0; round < 2000; round += 1) {
        const [aLow, aHigh, bLow, bHigh] = [pair(), pair(), pair(), pair()]
        const mxcsr = round % 8 === 0 ? Number(next() & 0xffffn) : allMasked | (round & 1 ? precision : 0)
        const [low, high, flags] = run(aLow, aHigh, bLow, bHigh, mxcsr)
        if (flags === asked) continue
        const wide = runSimd(number, (aHigh << 64n) | aLow, (bHigh << 64n) | bLow, mxcsr)
        const lane = singleLane(name)
        const [mine, true_] = [(BigInt.asUintN(64, high) << 64n) | BigInt.asUintN(64, low), wide.value]
        const width = lane ?? 128
        const say = `${name} ${immediate} ${aLow.toString(16)} ${bLow.toString(16)} under ${mxcsr.toString(16)}`
        expect(BigInt.asUintN(width, mine), say).toBe(BigInt.asUintN(width, true_))
        expect(wide.flags & ~mxcsr, say).toBe(0)
      }
    }
  })

  test.for(quiet)('%s of ordinary numbers does not ask, once PE is set', (name) => {
    const run = compiled(simdNumber(name))
    const [a, b] =
      name.includes('S') && name.endsWith('S')
        ? [0x40490fdb3f9d70a4n, 0x3eaaaaab40a00000n]
        : [0x400921fb54442d18n, 0x3fd5555555555555n]
    expect(run(a, a, b, b, allMasked | precision)[2]).toBe(0)
  })

  test('sums and products of small whole numbers do not ask either', () => {
    const [three, four] = [0x4008_0000_0000_0000n, 0x4010_0000_0000_0000n]
    for (const name of ['ADDSD', 'SUBSD', 'MULSD', 'DIVSD']) {
      const run = compiled(simdNumber(name))
      expect(run(three, 0n, four, 0n, allMasked)[2], name).toBe(0)
    }
  })

  test('an inexact result asks while PE is clear', () => {
    const [one, three] = [0x3ff0_0000_0000_0000n, 0x4008_0000_0000_0000n]
    expect(compiled(simdNumber('DIVSD'))(one, 0n, three, 0n, allMasked)[2]).toBe(asked)
  })

  test('another rounding, an unmasked exception, FTZ and DAZ ask', () => {
    const run = compiled(simdNumber('ADDSD'))
    const three = 0x4008_0000_0000_0000n
    for (const mxcsr of [0x3f80, 0x5f80, 0x7f80, 0x1f00, 0x0f80, 0x9f80, 0x1fc0])
      expect(run(three, 0n, three, 0n, mxcsr)[2], mxcsr.toString(16)).toBe(asked)
  })

  test('every quick way is that of an operation that exists', () => {
    expect(quickNames.filter((name) => !(simdOperations as readonly string[]).includes(name))).toEqual([])
  })
})
