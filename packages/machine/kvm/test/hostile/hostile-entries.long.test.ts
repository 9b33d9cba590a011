import { expect, test } from 'vitest'
import { launchByChance } from './entries.ts'

/** VMM_HOSTILE_SEED asks for others. */
const firstSeed = Number(process.env['VMM_HOSTILE_SEED'] ?? 10_000)

test('VMLAUNCH with whatever VMCS comes to what the checks say of it, at length', () => {
  const { surprises, verdicts } = launchByChance(firstSeed, 40_000)
  expect(surprises.slice(0, 5)).toEqual([])
  expect([...verdicts.keys()].toSorted()).toEqual([
    'enters',
    'error 7',
    'error 8',
    'exit 33 (0)',
    'exit 33 (2)',
    'exit 33 (3)',
    'exit 33 (4)',
  ])
})
