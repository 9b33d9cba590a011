import { expect, test } from 'vitest'
import { kvmPromises } from './promises.ts'

test.each(kvmPromises.map((entry) => [entry.id, entry] as const))('%s is as a promise should be', (_, entry) => {
  expect(entry.audit()).toEqual([])
})

test('no two promises share a name', () => {
  const ids = kvmPromises.map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
})
