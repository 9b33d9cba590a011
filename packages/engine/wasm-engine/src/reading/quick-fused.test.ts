import { ModuleBuilder } from '@vmm/wasm-encoder'
import { runFused } from '@vmm/x86-float'
import { fusedOperations } from '@vmm/x86-semantics'
import { expect, test } from 'vitest'
import { functionOf } from '../emit/write.ts'
import { wasm } from '../webassembly.ts'
import { fusedFunction, fusedType } from './quick-fused.ts'

type Run = (...values: (bigint | number)[]) => [low: bigint, high: bigint, isDone: number]

const calm = 0x1fa0
const precision = 0x20
const rounds = 600

function compiled(operation: number): Run {
  const module = new ModuleBuilder()
  const index = module.declare(fusedType)
  module.define(
    index,
    functionOf(fusedFunction(operation), fusedType.parameters.length, (each) => module.type(each)),
  )
  module.export('run', index)
  return new wasm.Instance(new wasm.Module(module.finish()), {}).exports['run'] as Run
}

/** The same numbers in every run. */
function chance(): () => number {
  let state = 0x9e37_79b9
  return () => {
    state = Math.imul(state ^ (state >>> 15), 0x85eb_ca6b)
    state = Math.imul(state ^ (state >>> 13), 0xc2b2_ae35) ^ (state >>> 16)
    return (state >>> 0) / 2 ** 32
  }
}

const random = chance()
const below = (count: number): number => Math.floor(random() * count)
const special = [
  0,
  -0,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  2 ** -126,
  2 ** -149,
  2 ** -1074,
  2 ** 127,
  2 ** 1023,
  1,
  -1,
]

/** Far from one now and then, and with few bits. */
function number(): number {
  if (below(8) === 0) return below(2) === 0 ? 0 : -0
  if (below(40) === 0) return special[below(special.length)]!
  const bits = below(2) === 0 ? below(8) / 8 : random() + random() * 2 ** -30
  const value = (1 + bits) * 2 ** (below(4) === 0 ? below(400) - 200 : below(60) - 30)
  return below(2) === 0 ? value : -value
}

/** A term that all but takes the product away, or lies where rounding is a close thing. */
function termFor(a: number, b: number): number {
  const product = a * b * (below(2) === 0 ? 1 : -1)
  const choice = below(4)
  if (choice === 0) return number()
  if (choice === 1) return product
  if (choice === 2) return product * (1 + (below(3) - 1) * 2 ** -23)
  return product * 2 ** (below(112) - 56)
}

/** Lanes of three vectors. */
function operandsOf(isSingle: boolean): readonly bigint[] {
  const lanes = Array.from({ length: isSingle ? 4 : 2 }, () => {
    const [a, b] = isSingle ? [Math.fround(number()), Math.fround(number())] : [number(), number()]
    return [a, b, termFor(a, b)]
  })
  return [0, 1, 2].flatMap((place) => {
    const values = lanes.map((lane) => lane[place]!)
    const bytes = isSingle ? Float32Array.from(values).buffer : Float64Array.from(values).buffer
    return [...new BigUint64Array(bytes)]
  })
}

const joined = (halves: readonly bigint[], at: number): bigint => (halves[at + 1]! << 64n) | halves[at]!

test.for(fusedOperations.map((name, index) => [name, index] as const))(
  '%s is what the library says, where it is quick',
  ([name, index]) => {
    const run = compiled(index)
    let quick = 0
    for (let round = 0; round < rounds; round += 1) {
      const halves = operandsOf(name.endsWith('S'))
      const [low, high, isDone] = run(...halves, calm)
      if (isDone === 0) continue
      quick += 1
      const { value, flags } = runFused(index, joined(halves, 0), joined(halves, 2), joined(halves, 4), calm)
      const ours = (BigInt.asUintN(64, high) << 64n) | BigInt.asUintN(64, low)
      expect([halves, ours, flags & ~precision]).toEqual([halves, value, 0])
    }
    expect(quick).toBeGreaterThan(rounds / 8)
  },
)

test('nothing is quick that rounds otherwise, flushes denormals, traps, or has an inexact result to tell of', () => {
  const run = compiled(fusedOperations.indexOf('FMADDSD'))
  const three = new BigUint64Array(Float64Array.of(3).buffer)[0]!
  const halves = [three, 0n, three, 0n, three, 0n]
  expect(run(...halves, calm)[2]).toBe(1)
  for (const other of [0x1f80, 0x1fa0 & ~0x80, 0x3fa0, 0x9fa0, 0x1fe0]) expect(run(...halves, other)[2]).toBe(0)
})
