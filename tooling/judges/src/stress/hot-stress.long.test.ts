import { describe, expect, test } from 'vitest'
import { hotStress } from './hot-stress.ts'
import { programs } from './programs/all.ts'
import { byChance } from './programs/by-chance.ts'

describe.for(Object.entries(programs))('%s', ([, list]) => {
  test.for(list.map((program) => [program.name, program] as const))(
    '%s: every engine runs it alike, wherever it is looked at and interrupted',
    ([, program]) => {
      for (const seed of [1, 2, 3])
        expect(hotStress(program, { seed, interrupts: seed === 2 ? 'every' : 'few' })).toEqual([])
    },
  )
})

describe.for(['real', 'protected', 'long'] as const)('blocks by chance in %s mode', (mode) => {
  test.for(Array.from({ length: 8 }, (_, index) => 100 + index * 5))(
    'five from seed %i on: every engine runs them alike',
    (first) => {
      for (let seed = first; seed < first + 5; seed += 1) expect(hotStress(byChance(mode, seed), { seed })).toEqual([])
    },
  )
})
