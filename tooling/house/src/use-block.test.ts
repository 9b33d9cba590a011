import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { useProgram } from './use-block.ts'

const runs = (code: string): string =>
  execFileSync(process.execPath, ['--input-type=module-typescript'], {
    input: useProgram(code).code,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'pipe'],
  })

describe('a true page passes', () => {
  test.each([
    ['an expression', '1 + 1 // → 2\n'],
    ['an object', "({ a: [1n], b: 'c' }) // → { a: [1n], b: 'c' }\n"],
    ['a declaration', 'const a: number = 3 // → 3\n'],
    ['a call over lines', 'Math.max(\n  1,\n  2,\n) // → 2\n'],
    ['an awaited value', 'await Promise.resolve(4) // → 4\n'],
    ['printed text', "console.log('%d apples', 5) // → 5 apples\n"],
    ['other comments', 'const a = 1 // one → two\na // → 1\n'],
    ['the last line without an end', '1 // → 1'],
  ])('%s', (_, code) => {
    expect(useProgram(code).checks).toBe(1)
    expect(() => runs(code)).not.toThrow()
  })
})

describe('a false page fails', () => {
  test.each([
    ['an expression', '1 + 1 // → 3\n'],
    ['an object with one field more', '({ a: 1, b: 2 }) // → { a: 1 }\n'],
    ['a number that is no bigint', '1n // → 1\n'],
    ['a declaration', 'const a = 3 // → 4\n'],
    ['printed text', "console.log('5 apples') // → 6 apples\n"],
  ])('%s', (_, code) => {
    expect(() => runs(code)).toThrow(/Expected values to be strictly/)
  })
})

test('what follows an arrow must be JavaScript, and what precedes it a value', () => {
  expect(() => useProgram('f() // → a list of things\n')).toThrow(/JavaScript expression/)
  expect(() => useProgram('if (1) f() // → 1\n')).toThrow(/has none/)
  expect(() => useProgram('const = 1\n')).toThrow(SyntaxError)
})

test('lines keep their numbers, so that an error leads to its place', () => {
  const code = 'const a = 1\n\na + 1 // → 2\n'
  expect(useProgram(code).code.split('\n')).toHaveLength(code.split('\n').length)
})
