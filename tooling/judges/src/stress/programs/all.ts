import type { Program } from '../program.ts'
import { controlFlow } from './control-flow.ts'
import { floats } from './floats.ts'
import { interruptions } from './interruptions.ts'
import { modes } from './modes.ts'
import { pagesOfData } from './pages-of-data.ts'
import { selfModifying } from './self-modifying.ts'
import { stepping } from './stepping.ts'
import { strings } from './strings.ts'
import { surroundings } from './surroundings.ts'
import { translations } from './translations.ts'

/** Programs of what breaks compilers of machine code, by what they are about. */
export const programs: Readonly<Record<string, readonly Program[]>> = {
  'code that stores to code': selfModifying,
  'page tables that change': translations,
  'pages of data that change': pagesOfData,
  'interrupts and exceptions': interruptions,
  'steps and breakpoints': stepping,
  'modes that change': modes,
  'ways through code': controlFlow,
  floats,
  'strings that repeat': strings,
  'what is asked outside': surroundings,
}
