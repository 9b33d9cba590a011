import type { OpcodeRow } from './row.ts'
import { x87Effects } from './x87-effects.rows.ts'

/** The condition codes of the x87 status word. */
export const conditionCodes = ['C0', 'C1', 'C2', 'C3'] as const

/** The name of a condition code. */
export type ConditionCode = (typeof conditionCodes)[number]

/** What an x87 instruction does to the stack and to the condition codes. */
export interface X87Effects {
  /** What is added to TOP, modulo 8: -1 where it pushes. */
  readonly topChange: number
  /**
   * `moves`: by `topChange`; `perhaps`: by `topChange`, or not, where the operand is out of range; `loads`: TOP comes from memory or becomes 0;
   * `stays`.
   */
  readonly top: 'moves' | 'perhaps' | 'loads' | 'stays'
  readonly modified: readonly ConditionCode[]
  readonly cleared: readonly ConditionCode[]
  readonly undefined: readonly ConditionCode[]
}

const changes: Readonly<Record<string, number>> = { push: -1, perhaps: -1, dec: -1, pop: 1, inc: 1, pops: 2 }

function effectsOf(top: string, letters: string): X87Effects {
  const found = letters.split(/ +/)
  const codes = (wanted: string) => conditionCodes.filter((_, at) => found[at] === wanted)
  return {
    topChange: changes[top] ?? 0,
    top: top === 'perhaps' ? 'perhaps' : top === 'load' ? 'loads' : top === 'stay' ? 'stays' : 'moves',
    modified: codes('M'),
    cleared: codes('0'),
    undefined: codes('-'),
  }
}

let byMnemonic: Map<string, X87Effects> | undefined

function tabled(): Map<string, X87Effects> {
  const found = new Map<string, X87Effects>()
  for (const [top, letters, mnemonics] of x87Effects)
    for (const mnemonic of mnemonics.split(' ')) found.set(mnemonic, effectsOf(top, letters))
  return found
}

/** What the row's instruction does to the x87 stack; undefined where it is none of x87's. Source: SDM 2A §3.3. */
export function x87EffectsOf({ mnemonic, needs }: OpcodeRow): X87Effects | undefined {
  if (needs === 'AMD_3DNOW' || needs === 'EXT_3DNOW') return undefined
  byMnemonic ??= tabled()
  return byMnemonic.get(mnemonic)
}
