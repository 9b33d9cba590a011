/** What was asked for and could not be assembled. */
export interface AssemblerMistake {
  /** The mnemonic, label or directive. */
  readonly given: string
  /** The operands as they were given, in words. */
  readonly operands: readonly string[]
  /** The forms that exist: opcode and operand codes. */
  readonly forms: readonly string[]
}

/** The assembler was asked for something that cannot be encoded: a mistake in the program that uses it. */
export class AssemblerError extends Error {
  override readonly name = 'AssemblerError'
  readonly mistake: AssemblerMistake
  /** What `mark` said of the item that is wrong, where its address makes it so. */
  place: number | undefined

  constructor(message: string, mistake: Partial<AssemblerMistake> & Pick<AssemblerMistake, 'given'>) {
    const { given, operands = [], forms = [] } = mistake
    const call = operands.length === 0 ? given : `${given} ${operands.join(', ')}`
    super(`${message}: ${call}${forms.length === 0 ? '' : `; forms: ${forms.join(' | ')}`}`)
    this.mistake = { given, operands, forms }
  }
}
