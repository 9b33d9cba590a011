import { expect, test } from 'vitest'
import { sgxPromises } from './promises.ts'

test.each(sgxPromises.map((entry) => [entry.id, entry] as const))('%s is as a promise should be', (_, entry) => {
  expect(entry.audit()).toEqual([])
})

test('no two promises share a name', () => {
  const ids = sgxPromises.map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
})
