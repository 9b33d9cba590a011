/** Something wrong in a line, at a column from 1 on. */
export class TextMistake extends Error {
  override readonly name = 'TextMistake'
  readonly column: number

  constructor(message: string, column: number) {
    super(message)
    this.column = column
  }
}
