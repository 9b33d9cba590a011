import type { Source } from '@vmm/source'
import type { Machine } from './algebra.ts'
import type { AnyOperand } from './operand.ts'

/** What an instruction does: the one description that every reading runs. */
export interface Instruction {
  /** The manual's mnemonic, as the decoder gives it. */
  readonly mnemonic: string
  readonly source: Source
  /** Immediates are translation-time constants: a shuffle's pattern, a predicate. */
  readonly knows?: 'immediate'
  /** An operand in memory is locked without a prefix: XCHG. */
  readonly locks?: 'always'
  /** A flag that is read for nothing but to be left as it is: who needs none of the flags need not read it. */
  readonly keeps?: 'CF'
  execute(m: Machine, ...operands: readonly AnyOperand[]): void
}

/**
 * Makes an instruction from a description whose operands have the kinds and widths that its opcode rows promise. The
 * promise is kept by a test that reads every row; here the types are only narrowed.
 */
export function instruction<Operands extends readonly AnyOperand[]>(
  mnemonic: string,
  source: Source,
  execute: (m: Machine, ...operands: Operands) => void,
  options: Pick<Instruction, 'knows' | 'locks' | 'keeps'> = {},
): Instruction {
  return { mnemonic, source, ...options, execute: execute as unknown as Instruction['execute'] }
}
