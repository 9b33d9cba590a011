import { TextMistake } from './mistake.ts'

/** A piece of a line. Columns count from 1. */
export interface Token {
  /** `brace` is what is between braces, `end` is behind the last. */
  readonly kind: 'name' | 'number' | 'string' | 'punctuation' | 'brace' | 'end'
  readonly text: string
  /** Of a number. */
  readonly value: bigint
  readonly column: number
}

const shapes: readonly (readonly [kind: Token['kind'] | 'space', shape: RegExp])[] = [
  ['space', /^(?:\s+|[;#].*)/],
  ['number', /^(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|[0-9][0-9a-fA-F_]*[hH]\b|[0-9][0-9_]*)(?![\w.])/],
  ['name', /^[A-Za-z_.@?][\w.@?~$]*/],
  ['string', /^(?:"[^"]*"|'[^']*'|`(?:[^`\\]|\\.)*`)/],
  ['brace', /^\{[^{}]*\}/],
  ['punctuation', /^(?:\$\$|<<|>>|[-+*/%&|^~$:,()[\]=])/],
]

/** Takes a line apart; a comment begins with a semicolon or a number sign. */
export function tokensOf(line: string): Token[] {
  const tokens: Token[] = []
  for (let at = 0; at < line.length; ) {
    const found = tokenAt(line, at)
    if (found.kind !== 'space') tokens.push({ ...found, kind: found.kind, column: at + 1 })
    at += found.length
  }
  tokens.push({ kind: 'end', text: 'end of line', value: 0n, column: line.length + 1 })
  return tokens
}

function tokenAt(line: string, at: number) {
  const rest = line.slice(at)
  for (const [kind, shape] of shapes) {
    const match = shape.exec(rest)
    if (match === null) continue
    const { length } = match[0]
    if (kind === 'number') return { kind, text: match[0], value: numberOf(match[0]), length }
    if (kind === 'string') return { kind, text: unquoted(match[0]), value: 0n, length }
    const text = kind === 'brace' ? match[0].slice(1, -1).trim() : match[0]
    return { kind, text, value: 0n, length }
  }
  throw new TextMistake(`nothing begins with ${rest[0]}`, at + 1)
}

function numberOf(text: string): bigint {
  const plain = text.replaceAll('_', '')
  return /[hH]$/.test(plain)
    ? BigInt(`0x${plain.slice(0, -1)}`)
    : BigInt(/^0+\d/.test(plain) ? plain.replace(/^0+(?=\d)/, '') : plain)
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '0': '\0' }

/** Between back quotes a backslash means what it means in C, elsewhere itself, as with NASM. */
function unquoted(text: string): string {
  const inner = text.slice(1, -1)
  return text.startsWith('`') ? inner.replaceAll(/\\(.)/g, (_, letter: string) => escapes[letter] ?? letter) : inner
}
