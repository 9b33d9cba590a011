import { ModuleBuilder } from '@vmm/wasm-encoder'
import { expect, test } from 'vitest'
import { wasm } from '../webassembly.ts'
import { Code } from './code.ts'
import { filled } from './holes.ts'
import { functionOf } from './write.ts'

/** First hole less the second one, and the first one again, after as many other locals as its place is to move by. */
function emitted() {
  const code = new Code([])
  const sum = code.local('i32')
  sum.set(code.hole(1))
  const first = code.hole(0)
  sum.set(code.op('i32.sub', first, sum.get()))
  sum.set(code.op('i32.add', sum.get(), first))
  code.leave({ kind: 'return' }, sum.get())
  return functionOf(code, 0, () => 0)
}

function ran(values: readonly number[]): number {
  const builder = new ModuleBuilder()
  const index = builder.declare({ parameters: [], results: ['i32'] })
  builder.define(index, filled(emitted(), values))
  builder.export('it', index)
  const { it } = new wasm.Instance(new wasm.Module(builder.finish()), {}).exports as { it: () => number }
  return it()
}

const numbers = [0, 1, 63, 64, 8191, 8192, 2 ** 20, 2 ** 27, 2 ** 28 - 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, -1, -65]

test.each(numbers)('%s comes out of a hole as it went in', (number) => {
  expect(ran([number, 5])).toBe((number * 2 - 5) | 0)
  expect(ran([5, number])).toBe((10 - number) | 0)
})

test('a function is filled again with other values', () => {
  const body = emitted()
  const before = body.code.slice()
  expect(filled(body, [1, 2]).code).not.toEqual(filled(body, [3, 4]).code)
  expect(body.code).toEqual(before)
})

test('a hole that has no value is told', () => {
  expect(() => filled(emitted(), [1])).toThrow('there is no value for hole 1 of a function')
})
