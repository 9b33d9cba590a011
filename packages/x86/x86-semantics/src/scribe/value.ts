import type { Bits, Width } from '../algebra.ts'

/** A piece of text, and whether it can stand beside an operator without parentheses. */
export interface Written {
  readonly text: string
  readonly tight: boolean
  /** The operator between its parts, if it is one that needs no parentheses in a row of the same. */
  readonly chain?: string
}

/** How a value is written when its parts are. */
export type Writer = (parts: readonly Written[]) => Written

/**
 * A value as the scribe knows it: what made it, of which parts. A `key` makes it a read of state, which is true until
 * something writes the key; a value without one stays what it is.
 */
export interface Value {
  readonly width: Width
  /** What made it: equal operators with equal parts are one value. */
  readonly operator: string
  readonly parts: readonly Value[]
  readonly write: Writer
  /** What a temporary that holds it is called. */
  readonly stem: string
  readonly key?: string
  /** Reading it may fault, so it happens where it stands. */
  readonly mayFault?: boolean
  /** Values that are as short as a name: written again wherever they are used. */
  readonly short: boolean
  readonly number?: bigint
}

/** The description's handle of a value. */
export const asBits = <W extends Width>(value: Value): Bits<W> => value as unknown as Bits<W>

/** A description's handle of any width: `Bits<W>` of different widths have no common type of their own. */
export type Handle = object

/** The value behind a description's handle. */
export const fromBits = (bits: Handle): Value => bits as Value

export const tight = (text: string): Written => ({ text, tight: true })
export const loose = (text: string): Written => ({ text, tight: false })

/** The text of a part as it stands beside an operator. */
export const beside = ({ text, tight: isTight }: Written): string => (isTight ? text : `(${text})`)

/** `name(a, b)`. */
export const application =
  (name: string): Writer =>
  (parts) =>
    tight(`${name}(${parts.map(({ text }) => text).join(', ')})`)

/** `a symbol b`. */
export const infix =
  (symbol: string): Writer =>
  ([a, b]) => {
    const left = a!.chain === symbol ? a!.text : beside(a!)
    const text = `${left} ${symbol} ${beside(b!)}`
    return chains.has(symbol) ? { text, tight: false, chain: symbol } : loose(text)
  }

/** Operators that may stand in a row. */
const chains: ReadonlySet<string> = new Set(['+', 'AND', 'OR', 'XOR'])

/** A number in decimal while it is small, in hexadecimal from then on, negative where that is shorter to say. */
function numberText(number: bigint, width: Width): string {
  const value = BigInt.asUintN(width, number)
  const signed = BigInt.asIntN(width, number)
  if (width > 1 && signed < 0n && signed >= -16n) return `${signed}`
  return value < 10n
    ? `${value}`
    : `${value
        .toString(16)
        .toUpperCase()
        .replace(/^(?=[A-F])/, '0')}H`
}

/** A number known when the code is translated. */
export function constantValue(number: bigint, width: Width): Value {
  const text = numberText(number, width)
  return {
    width,
    operator: `constant ${text}`,
    parts: [],
    write: () => tight(text),
    stem: 'constant',
    short: true,
    number: BigInt.asUintN(width, number),
  }
}

/** A value that is only a name: a result of a call, a parameter. */
export function namedValue(width: Width, name: string): Value {
  return { width, operator: `name ${name}`, parts: [], write: () => tight(name), stem: name, short: true }
}
