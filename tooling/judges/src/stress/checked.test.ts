import { type Difference, sayDifference } from '@vmm/oracle-engine'
import { engineVariants } from '@vmm/processors'
import { type Instruction, instructions } from '@vmm/x86-semantics'
import { expect, test } from 'vitest'
import { Random } from '../cpu/random.ts'
import { courseOf, journey } from './journey.ts'
import { checking, compiled } from './processor.ts'
import { programs } from './programs/all.ts'

const endless = () => Number.POSITIVE_INFINITY

/** One program of three. */
const some = Object.values(programs)
  .flat()
  .filter((_, index) => index % 3 === 0)

test.for(some.map((program, index) => [program.name, program, 20 + index * 31] as const))(
  '%s: the oracle comes to the same, slice by slice, and the guest does not notice',
  ([, program, length]) => {
    const found: Difference[] = []
    const course = courseOf(program, new Random(1))
    const checked = journey(checking(program, length, found), course, endless)
    expect(found.map(sayDifference)).toEqual([])
    expect(checked).toEqual(journey(compiled(program, engineVariants[0]), course, endless))
  },
)

/** DEC that turns CF around, which it should leave alone. */
const dec = instructions.get('DEC')!
const execute: Instruction['execute'] = (m, ...operands) => {
  dec.execute(m, ...operands)
  m.flags({ kind: 'equations', equations: { CF: () => m.not(m.flag('CF')) } })
}
const wrong = { instructions: new Map(instructions).set('DEC', { ...dec, execute }) }

test('an instruction that is done wrong is named, and the guest goes on as it was', () => {
  const found: Difference[] = []
  const program = programs['ways through code']!.find(({ name }) => name === 'a loop with jumps into its middle')!
  const course = courseOf(program, new Random(1))
  const subject = checking(program, 500, found, wrong)
  const lines = journey(subject, course, endless)
  expect(lines).toEqual(journey(compiled(program, { name: 'wrong', options: wrong }), course, endless))
  const [first] = found
  expect(first!.unequal.map(({ what }) => what)).toEqual(['arithmetic flags'])
  expect(first!.executed.at(-1)!.count).toBe(first!.first! - 1)
  const said = sayDifference(first!)
  expect(said).toMatch(/^the engine and the oracle differ behind instruction \d+, of the slice from \d+ to \d+\n/)
  expect(said.split('\n').at(-1)).toMatch(/dec ecx$/)
})
