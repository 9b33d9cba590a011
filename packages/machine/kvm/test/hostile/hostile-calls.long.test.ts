import { expect, test } from 'vitest'
import { findWrong } from './play.ts'

const kernels = [
  '5.4',
  '5.10',
  '5.13',
  '5.15',
  '5.16.0',
  '5.16.3',
  '5.17',
  '6.1',
  '6.4',
  '6.6',
  '6.8',
  '6.12',
  '6.14',
  '6.15',
  '6.18',
  '7.0',
]

/**
 * Lists of calls a release and test: a minute and a half in all. VMM_HOSTILE_LISTS asks for more,
 * VMM_HOSTILE_SEED for others. Each release has lists of its own: most of what is wrong in one is wrong in its neighbours.
 */
const lists = Number(process.env['VMM_HOSTILE_LISTS'] ?? 7)
const firstSeed = Number(process.env['VMM_HOSTILE_SEED'] ?? 1000)
const seedsOf = (nth: number) => Array.from({ length: lists }, (_, at) => firstSeed + nth * lists + at)
const cases = kernels.map((kernel, nth) => [kernel, seedsOf(nth)] as const)

test.each(cases)('whatever is called in whatever order, at length: %s', (kernel, seeds) => {
  for (const seed of seeds) expect(findWrong(kernel, seed, 1500, 'never'), `seed ${seed}`).toBeUndefined()
})

test.each(cases)('what fails changes nothing, at length: %s', (kernel, seeds) => {
  for (const seed of seeds)
    expect(findWrong(kernel, seed, 800, 'where nothing may change'), `seed ${seed}`).toBeUndefined()
})
