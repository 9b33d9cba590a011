import { TextMistake } from './mistake.ts'
import type { Token } from './token.ts'

/** Reads the tokens of a line one by one. */
export class Reader {
  readonly #tokens: readonly Token[]
  #at = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  get next(): Token {
    return this.#tokens[this.#at]!
  }

  /** Where it is, to come back to. */
  get position(): number {
    return this.#at
  }

  set position(at: number) {
    this.#at = at
  }

  /** Leaves the rest of the line. */
  skip(): void {
    this.#at = this.#tokens.length - 1
  }

  /** The token behind the next one. */
  get second(): Token {
    return this.#tokens[Math.min(this.#at + 1, this.#tokens.length - 1)]!
  }

  take(): Token {
    const token = this.next
    if (token.kind !== 'end') this.#at += 1
    return token
  }

  /** Whether a token of this kind is next. */
  at(kind: Token['kind']): boolean {
    return this.next.kind === kind
  }

  /** Whether this punctuation, or this name in any case, is next. */
  is(text: string): boolean {
    const { kind, text: found } = this.next
    return (kind === 'punctuation' && found === text) || (kind === 'name' && found.toLowerCase() === text)
  }

  /** Takes it if it is next. */
  accept(text: string): boolean {
    const found = this.is(text)
    if (found) this.take()
    return found
  }

  expect(text: string): void {
    if (!this.accept(text)) throw this.mistake(`${text} is missing before ${this.next.text}`)
  }

  mistake(message: string, column = this.next.column): TextMistake {
    return new TextMistake(message, column)
  }
}
