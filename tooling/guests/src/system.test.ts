import { describe, expect, test } from 'vitest'
import { disagreements } from './compare.ts'
import { deviations } from './deviations.rows.ts'
import { ours } from './hosts/ours.ts'
import { kernels } from './kernels/all.ts'

describe('every check of a kernel comes out as the manual says', () => {
  for (const [name, make] of Object.entries(kernels)) {
    test(name, () => {
      const kernel = make()
      expect(disagreements(kernel, ours.ask(kernel.image), [])).toEqual([])
    })
  }
})

test('checks of one kernel have different names', () => {
  for (const make of Object.values(kernels)) {
    const names = make().checks.map(({ name }) => name)
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([])
  }
})

test('every deviation is of a check that exists, and differs from what the manual says', () => {
  for (const { kernel, check, answer } of deviations) {
    const expected = kernels[kernel]?.().checks.find(({ name }) => name === check)?.expected
    expect([check, expected]).not.toEqual([check, undefined])
    expect(answer).not.toBe(expected)
  }
})

test('a kernel that stops early is found out', () => {
  const kernel = { name: 'made up', image: new Uint8Array(), checks: [{ name: 'a', expected: 'ok' }] }
  expect(disagreements(kernel, { lines: ['a: ok', 'triple fault'], finished: false }, [])).toEqual([
    { check: 'the end', expected: 'done', answer: 'triple fault' },
  ])
  expect(disagreements(kernel, { lines: ['a: #UD'], finished: true }, [])).toEqual([
    { check: 'a', expected: 'ok', answer: '#UD' },
  ])
})
