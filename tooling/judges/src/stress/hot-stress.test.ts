import type { EngineVariant } from '@vmm/processors'
import { type Instruction, instructions } from '@vmm/x86-semantics'
import { describe, expect, test } from 'vitest'
import { hotStress } from './hot-stress.ts'
import { programs } from './programs/all.ts'
import { byChance } from './programs/by-chance.ts'

describe.for(Object.entries(programs))('%s', ([, list]) => {
  test.for(list.map((program) => [program.name, program] as const))('%s: every engine runs it alike', ([, program]) => {
    expect(hotStress(program, { seed: 1 })).toEqual([])
  })
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
