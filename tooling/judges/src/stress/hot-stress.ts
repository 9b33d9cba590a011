import { type EngineVariant, engineVariants } from '@vmm/processors'
import { Random } from '../cpu/random.ts'
import { type Course, courseOf, firstDifference, journey, registersOf } from './journey.ts'
import { at } from './layout.ts'
import { compiled, judging, type Subject } from './processor.ts'
import type { Program } from './program.ts'

/** How much is tried. */
export interface Effort {
  readonly seed: number
  /** The variants that are compared with the first one; all unless told. */
  readonly variants?: readonly EngineVariant[]
  /** Whether the oracle runs the program, too. */
  readonly oracle?: boolean
  /** Whether interrupts come at every count that the program names, or at a few of them by chance. */
  readonly interrupts?: 'every' | 'few'
}

const isAtHalt = (rip: number) => rip >= at.halt && rip < at.halt + 0x100
const fewInterrupts = 3
const endless = Number.POSITIVE_INFINITY

/**
 * Runs a program by every variant of the engine, and by the oracle: counts of instructions and hashes of the state are the same at every
 * stop. Gives what is not, a line each, with the variant and what brings it back.
 */
export function hotStress(
  program: Program,
  { seed, variants = engineVariants, oracle = true, interrupts = 'few' }: Effort,
): string[] {
  const random = new Random(seed)
  const first = engineVariants[0]
  const others = variants.filter((variant) => variant !== first)
  return coursesOf(program, random, interrupts).flatMap((course, index) => {
    const known = compiled(program, first)
    const expected = journey(known, course, () => endless)
    const strays = program.endsInFault !== true && isAtHalt(Number(known.vcpu.engine.get('RIP')))
    const astray = strays
      ? [`${program.name}: a vector that it does not handle: ${JSON.stringify(registersOf(known.vcpu))}`]
      : []
    const differs = (subject: Subject, slice: () => number) => {
      const says = firstDifference(expected, journey(subject, course, slice))
      return says === undefined ? [] : [`${program.name}: ${subject.name}, course ${index}, seed ${seed}: ${says}`]
    }
    const wrong = others.flatMap((variant) => {
      const own = new Random(seed + index)
      return differs(compiled(program, variant), () => variant.slice?.(own) ?? endless)
    })
    return [...astray, ...wrong, ...(oracle ? differs(judging(program), () => endless) : [])]
  })
}

/** The usual course, and one for each count at which an interrupt comes. */
function coursesOf(program: Program, random: Random, interrupts: 'every' | 'few'): Course[] {
  const usual = courseOf(program, random)
  if (program.interruptedAt === undefined) return [usual]
  const [from, to, step] = program.interruptedAt
  const every = Array.from({ length: Math.ceil((to - from) / step) }, (_, index) => from + index * step)
  const few = Array.from({ length: fewInterrupts }, () => random.pick(every))
  const counts = interrupts === 'every' ? every : few
  return [usual, ...counts.map((at) => courseOf(program, random, [{ at, kind: 'interrupt', vector: 0x41 }]))]
}
