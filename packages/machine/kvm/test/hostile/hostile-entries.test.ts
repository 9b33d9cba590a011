import { expect, test } from 'vitest'
import { launchByChance } from './entries.ts'

test('VMLAUNCH with whatever VMCS comes to what the checks say of it, and soon', () => {
  const { surprises, verdicts } = launchByChance(1, 1500)
  expect(surprises.slice(0, 5)).toEqual([])
  expect([...verdicts.keys()]).toEqual(expect.arrayContaining(['enters', 'error 7', 'error 8', 'exit 33 (0)']))
})
