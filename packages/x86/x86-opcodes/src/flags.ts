import { flagEffects } from './flag-effects.rows.ts'
import type { OpcodeRow } from './row.ts'

/** The flags that instructions read and write; TF, NT, IOPL and what events do are not looked at. */
export const flagNames = ['OF', 'SF', 'ZF', 'AF', 'PF', 'CF', 'IF', 'DF', 'AC'] as const

/** The name of a flag of RFLAGS. */
export type FlagName = (typeof flagNames)[number]

/** What an instruction does to flags. `modified`: by its result, which may be that they stay (a shift by nothing, a repetition of nothing). */
export interface FlagEffects {
  readonly tested: readonly FlagName[]
  readonly modified: readonly FlagName[]
  readonly cleared: readonly FlagName[]
  readonly set: readonly FlagName[]
  readonly undefined: readonly FlagName[]
}

const none: FlagEffects = { tested: [], modified: [], cleared: [], set: [], undefined: [] }

function effectsOf(letters: string): FlagEffects {
  const found = letters.split(/ +/)
  const flags = (...wanted: readonly string[]) => flagNames.filter((_, at) => wanted.includes(found[at]!))
  return {
    tested: flags('T', 'TM'),
    modified: flags('M', 'TM'),
    cleared: flags('0'),
    set: flags('1'),
    undefined: flags('-'),
  }
}

/** What the rows say, by mnemonic: shifts and rotations have a second entry, for those by 1. */
let byMnemonic: Map<string, FlagEffects[]> | undefined

function tabled(): Map<string, FlagEffects[]> {
  const found = new Map<string, FlagEffects[]>()
  for (const [letters, mnemonics] of flagEffects)
    for (const mnemonic of mnemonics.split(' '))
      found.set(mnemonic, [...(found.get(mnemonic) ?? []), effectsOf(letters)])
  return found
}

/** What the row's instruction does to flags. Source: SDM 1 Appendix A. */
export function flagsOf({ mnemonic, operands }: OpcodeRow): FlagEffects {
  // moves to and from control and debug registers leave arithmetic flags undefined
  if (mnemonic === 'MOV') return operands.some((code) => code === 'Cy' || code === 'Dy') ? undefinedFlags : none
  byMnemonic ??= tabled()
  const [effects, byOne] = byMnemonic.get(mnemonic) ?? []
  return (operands[1] === '1' ? byOne : effects) ?? none
}

const undefinedFlags: FlagEffects = { ...none, undefined: ['OF', 'SF', 'ZF', 'AF', 'PF', 'CF'] }
