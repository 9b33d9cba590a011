import type { Execution } from '@vmm/x86-semantics'

const executions: readonly Execution[] = ['real', 'virtual-8086', 'protected', 'compatibility', 'long']
const sizes = [16, 32, 64] as const
type Size = (typeof sizes)[number]

/** What code is decoded and emitted for; two blocks of one address differ if this does. */
export interface CodeMode {
  readonly execution: Execution
  readonly codeSize: Size
  readonly stackSize: Size
  /** Code of CPL 3 and of the supervisor never share a block: what may be fetched differs. */
  readonly user: boolean
}

/** How a mode word names an execution, in its low three bits. */
export const executionOfWord = (execution: Execution): number => executions.indexOf(execution)

/** One word for a mode. It is never 0, which is what memory holds where there is no block. */
export function modeWord({ execution, codeSize, stackSize, user }: CodeMode): number {
  return (
    executions.indexOf(execution) |
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

/** The mode that a word stands for. */
export function modeOfWord(word: number): CodeMode {
  return {
    execution: executions[word & 7]!,
    codeSize: sizes[(word >> 3) & 3]!,
    stackSize: sizes[(word >> 5) & 3]!,
    user: (word & 0x80) !== 0,
  }
}

/** A block's mode once it is stale. */
export const staleMode = 0xffff_ffff
