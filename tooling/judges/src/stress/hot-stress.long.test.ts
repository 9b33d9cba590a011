import { describe, expect, test } from 'vitest'
import { hotStress } from './hot-stress.ts'
import { programs } from './programs/all.ts'
import { byChance } from './programs/by-chance.ts'

describe.for(Object.entries(programs))('%s', ([, list]) => {
  test.for(list.map((program) => [program.name, program] as const))(
    '%s: every engine runs it alike, wherever it is looked at and interrupted',
    ([, program]) => {
      for (let seed = 2; seed < 7; seed += 1)
        expect(hotStress(program, { seed, interrupts: seed === 2 ? 'every' : 'few' })).toEqual([])
    },
  )
})

describe.for(['real', 'protected', 'long'] as const)('blocks by chance in %s mode', (mode) => {
  test.for(Array.from({ length: 20 }, (_, index) => 100 + index * 10))(
    'ten from seed %i on: every engine runs them alike',
    (first) => {
      for (let seed = first; seed < first + 10; seed += 1) expect(hotStress(byChance(mode, seed), { seed })).toEqual([])
    },
  )
})
