import type { Program } from '../program.ts'
import { selfModifying } from './self-modifying.ts'

/** Programs of what breaks compilers of machine code, by what they are about. */
export const programs: Readonly<Record<string, readonly Program[]>> = {
  'code that stores to code': selfModifying,
}
