import { type EngineVariant, engineVariants } from '@vmm/processors'
import { type Instruction, instructions } from '@vmm/x86-semantics'
import { describe, expect, test } from 'vitest'
import { hotStress } from './hot-stress.ts'
import { programs } from './programs/all.ts'
import { byChance } from './programs/by-chance.ts'

/** The variants of a program by its place: those that everything is run by, and one in three of the others, in turns. */
const byAll = ['cold', 'hot at once', 'hot the second time']
const inTurns = engineVariants.filter(({ name }) => !byAll.includes(name))
const variantsOf = (place: number): readonly EngineVariant[] => [
  ...engineVariants.filter(({ name }) => byAll.includes(name)),
  ...inTurns.filter((_, index) => index % 3 === place % 3),
]

describe.for(Object.entries(programs))('%s', ([, list]) => {
  test.for(list.map((program, place) => [program.name, program, variantsOf(place)] as const))(
    '%s: engines made and run otherwise, and the oracle, run it alike',
    ([, program, variants]) => {
      expect(hotStress(program, { seed: 1, variants })).toEqual([])
    },
  )
})

test('every variant is among those that some programs are run by', () => {
  const sampled = new Set([0, 1, 2].flatMap(variantsOf))
  expect(engineVariants.filter((variant) => !sampled.has(variant))).toEqual([])
})

describe.for(['real', 'protected', 'long'] as const)('blocks by chance in %s mode', (mode) => {
  test.for(Array.from({ length: 2 }, (_, index) => 1 + index))('seed %i: every engine runs them alike', (seed) => {
    expect(hotStress(byChance(mode, seed), { seed })).toEqual([])
  })
})

test('an engine that does one instruction wrong is found', () => {
  const dec = instructions.get('DEC')!
  // what it should leave alone it turns around
  const execute: Instruction['execute'] = (m, ...operands) => {
    dec.execute(m, ...operands)
    m.flags({ kind: 'equations', equations: { CF: () => m.not(m.flag('CF')) } })
  }
  const wrong: EngineVariant = {
    name: 'wrong',
    options: { instructions: new Map(instructions).set('DEC', { ...dec, execute }) },
  }
  const [program] = programs['code that stores to code']!
  expect(hotStress(program!, { seed: 1, variants: [wrong], oracle: false })).toEqual([
    expect.stringContaining('wrong, course 0, seed 1: behind'),
  ])
})
