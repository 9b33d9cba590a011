import type { Execution } from '@vmm/x86-semantics'

const executions: readonly Execution[] = ['real', 'virtual-8086', 'protected', 'compatibility', 'long']
const sizes = [16, 32, 64] as const
type Size = (typeof sizes)[number]

/** Those that have CR4.CET take the places behind: `protected` and `compatibility`, and `long` next to itself. */
const enforced = { long: 5, protected: 6, compatibility: 7 } as const

/** What code is decoded and emitted for; two blocks of one address differ if this does. */
export interface CodeMode {
  readonly execution: Execution
  readonly codeSize: Size
  readonly stackSize: Size
  /** Code of CPL 3 and of the supervisor never share a block: what may be fetched differs. */
  readonly user: boolean
  /** CR4.CET, outside real and virtual-8086 mode. */
  readonly cet?: boolean
}

/** One word for a mode. It is never 0, which is what memory holds where there is no block. */
export function modeWord({ execution, codeSize, stackSize, user, cet }: CodeMode): number {
  const hasPlace = execution === 'long' || execution === 'protected' || execution === 'compatibility'
  return (
    (cet === true && hasPlace ? enforced[execution] : executions.indexOf(execution)) |
    (sizes.indexOf(codeSize) << 3) |
    (sizes.indexOf(stackSize) << 5) |
    (user ? 0x80 : 0) |
    0x100
  )
}

/** Of a mode word: RF is set, and goes once an instruction is complete. Blocks have one instruction. */
export const resumes = 0x200

/** Of a mode word: one instruction is asked for. Blocks have one, so that it need not be decoded each time. */
export const alone = 0x800

/** Of a mode word outside 64-bit code: CS has a limit that code may meet, so no block leads to another without a look at it. */
export const limited = 0x400

/** Of a mode word with CR4.CET: the next instruction must be an ENDBRANCH. Blocks have one. */
export const awaiting = 0x1000

/** Of a mode word's low three bits: the lowest one apart, they are those of 64-bit code. */
export const longWord = { mask: 6, value: 4 } as const

/** The mode that a word stands for. */
export function modeOfWord(word: number): CodeMode {
  const found = Object.entries(enforced).find(([, place]) => place === (word & 7))?.[0] as Execution | undefined
  return {
    execution: found ?? executions[word & 7]!,
    cet: found !== undefined,
    codeSize: codeSizeOf(word),
    stackSize: sizes[(word >> 5) & 3]!,
    user: (word & 0x80) !== 0,
  }
}

/** Its code size alone. */
export const codeSizeOf = (word: number): Size => sizes[(word >> 3) & 3]!

/** A block's mode once it is stale. */
export const staleMode = 0xffff_ffff
