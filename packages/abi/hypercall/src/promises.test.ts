import { expect, test } from 'vitest'
import { hypercallPromises } from './promises.ts'

test.each(hypercallPromises.map((entry) => [entry.id, entry] as const))('%s is as a promise should be', (_, entry) => {
  expect(entry.audit()).toEqual([])
})

test('no two promises share a name', () => {
  const ids = hypercallPromises.map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
})
