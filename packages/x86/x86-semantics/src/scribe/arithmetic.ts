import type { Arithmetic, Bits, Width } from '../algebra.ts'
import type { Scroll } from './script.ts'
import { bitText } from './state-names.ts'
import {
  application,
  asBits,
  beside,
  constantValue,
  fromBits,
  type Handle,
  infix,
  loose,
  tight,
  type Value,
  type Writer,
} from './value.ts'

/** Makes values of operators over values. */
export type Make = (width: Width, operator: string, parts: readonly Value[], write: Writer, stem: string) => Value

/** A maker of values that are written on a scroll. */
export const makerOn =
  (scroll: Scroll): Make =>
  (width, operator, parts, write, stem) =>
    scroll.pure({ width, operator, parts, write, stem, short: false })

/** Operators between two values of one width: how they are written, and what their results are called. */
const binary = {
  add: ['+', 'sum'],
  sub: ['-', 'difference'],
  mul: ['×', 'product'],
  divUnsigned: ['÷', 'quotient'],
  remUnsigned: ['MOD', 'remainder'],
  divSigned: ['÷ₛ', 'quotient'],
  remSigned: ['MODₛ', 'remainder'],
  and: ['AND', 'masked'],
  or: ['OR', 'joined'],
  xor: ['XOR', 'mixed'],
  shiftLeft: ['<<', 'shifted'],
  shiftRight: ['>>', 'shifted'],
  shiftRightSigned: ['>>ₛ', 'shifted'],
} as const

/** The same, with a name before instead of a sign between. */
const applied = {
  mulHighUnsigned: ['HighHalf', 'high'],
  mulHighSigned: ['HighHalfₛ', 'high'],
  rotateLeft: ['RotateLeft', 'rotated'],
  rotateRight: ['RotateRight', 'rotated'],
} as const

const comparisons = { equal: '=', below: '<', less: '<ₛ' } as const

/** What the negation of a comparison is. */
const opposites: Readonly<Record<string, string>> = { '=': '≠', '≠': '=', '<': '≥', '≥': '<', '<ₛ': '≥ₛ', '≥ₛ': '<ₛ' }

const unary = {
  countOnes: ['CountOnes', 'count'],
  countLeadingZeros: ['CountLeadingZeros', 'count'],
  countTrailingZeros: ['CountTrailingZeros', 'count'],
} as const

type Binary = keyof typeof binary | keyof typeof applied
type AnyBinary = (a: Handle, b: Handle) => Handle
type AnyUnary = (a: Handle) => Handle

/** Operations without effect, as text. */
export function arithmeticOf(make: Make): Arithmetic {
  return {
    constant: (value, w) => asBits(constantValue(BigInt(value), w)),
    widthOf: ((a: Handle) => fromBits(a).width) as Arithmetic['widthOf'],
    ...(binaries(make) as unknown as Pick<Arithmetic, Binary>),
    ...tests(make),
    ...unaries(make),
    ...resizing(make),
    select: (condition, yes, no) => {
      const parts = [fromBits(condition), fromBits(yes), fromBits(no)]
      return asBits(
        make(
          parts[1]!.width,
          'select',
          parts,
          ([c, a, b]) => loose(`${beside(c!)} ? ${beside(a!)} : ${beside(b!)}`),
          'chosen',
        ),
      )
    },
  }
}

function binaries(make: Make): Readonly<Record<string, AnyBinary>> {
  const of =
    (name: string, writer: Writer, stem: string): AnyBinary =>
    (a, b) => {
      const parts = [fromBits(a), fromBits(b)]
      return asBits(neutral(name, parts) ?? make(parts[0]!.width, name, parts, writer, stem))
    }
  const between = Object.entries(binary).map(([name, [sign, stem]]) => [name, of(name, infix(sign), stem)] as const)
  const before = Object.entries(applied).map(([name, [says, stem]]) => {
    const writer: Writer = name.startsWith('mul')
      ? ([a, b]) => tight(`${says}(${beside(a!)} × ${beside(b!)})`)
      : application(says)
    return [name, of(name, writer, stem)] as const
  })
  return Object.fromEntries([...between, ...before])
}

/** Adding nothing and multiplying by one are not worth a line. */
function neutral(name: string, [a, b]: readonly Value[]): Value | undefined {
  if (name === 'mul' && b!.number === 1n) return a
  if ((name === 'add' || name === 'sub' || name === 'or' || name === 'xor') && b!.number === 0n) return a
  return undefined
}

function tests(make: Make): Pick<Arithmetic, 'equal' | 'below' | 'less' | 'isZero' | 'bit' | 'evenParity'> {
  const comparison =
    (sign: string): ((a: Handle, b: Handle) => Bits<1>) =>
    (a, b) =>
      asBits(comparisonOf(make, sign, [fromBits(a), fromBits(b)]))
  return {
    equal: comparison(comparisons.equal) as Arithmetic['equal'],
    below: comparison(comparisons.below) as Arithmetic['below'],
    less: comparison(comparisons.less) as Arithmetic['less'],
    isZero: (a) => asBits(comparisonOf(make, '=', [fromBits(a), constantValue(0n, fromBits(a).width)])),
    bit: (a, n) => asBits(bitOf(make, fromBits(a), n)),
    evenParity: (a) =>
      asBits(make(1, 'evenParity', [fromBits(a)], ([x]) => tight(`EvenParity(${beside(x!)}[7:0])`), 'even')),
  }
}

function comparisonOf(make: Make, sign: string, parts: readonly Value[]): Value {
  return make(1, `compare ${sign}`, parts, infix(sign), sign === '=' || sign === '≠' ? 'equal' : 'less')
}

function bitOf(make: Make, value: Value, n: number): Value {
  const index = n < 0 ? value.width + n : n
  if (value.width === 1) return value
  // a bit that was widened and asked for again
  if (value.operator.startsWith('zeroExtend') && value.parts[0]!.width === 1 && index === 0) return value.parts[0]!
  const name = value.key === undefined ? undefined : bitText(value.key, index)
  return make(1, `bit ${index}`, [value], ([x]) => tight(name ?? `${beside(x!)}[${index}]`), 'bit')
}

function unaries(make: Make): Pick<Arithmetic, 'not' | 'negate' | keyof typeof unary> {
  const counts = Object.entries(unary).map(([name, [says, stem]]) => {
    const count: AnyUnary = (a) => asBits(make(fromBits(a).width, name, [fromBits(a)], application(says), stem))
    return [name, count] as const
  })
  return {
    ...(Object.fromEntries(counts) as unknown as Pick<Arithmetic, keyof typeof unary>),
    not: (a) => asBits(negation(make, fromBits(a))),
    negate: (a) =>
      asBits(make(fromBits(a).width, 'negate', [fromBits(a)], ([x]) => loose(`-${beside(x!)}`), 'negated')),
  }
}

function negation(make: Make, value: Value): Value {
  const sign = /^compare (.+)$/.exec(value.operator)?.[1]
  if (sign !== undefined) return comparisonOf(make, opposites[sign]!, value.parts)
  if (value.operator === 'not') return value.parts[0]!
  return make(value.width, 'not', [value], ([x]) => loose(`NOT ${beside(x!)}`), 'inverted')
}

function resizing(make: Make): Pick<Arithmetic, 'zeroExtend' | 'signExtend' | 'truncate' | 'extract'> {
  const extension = (name: 'zeroExtend' | 'signExtend', says: string) => (a: Value, w: Width) => {
    if (a.width === w) return a
    if (a.number !== undefined && name === 'zeroExtend') return constantValue(a.number, w)
    return make(w, `${name} ${w}`, [a], application(`${says}${w}`), 'wide')
  }
  const [zero, sign] = [extension('zeroExtend', 'ZeroExtend'), extension('signExtend', 'SignExtend')]
  return {
    zeroExtend: ((a: Handle, w: Width) => asBits(zero(fromBits(a), w))) as Arithmetic['zeroExtend'],
    signExtend: ((a: Handle, w: Width) => asBits(sign(fromBits(a), w))) as Arithmetic['signExtend'],
    truncate: ((a: Handle, w: Width) => asBits(slice(make, fromBits(a), 0, w))) as Arithmetic['truncate'],
    extract: ((a: Handle, low: number, w: Width) => asBits(slice(make, fromBits(a), low, w))) as Arithmetic['extract'],
  }
}

/** `w` bits from bit `low` up. */
function slice(make: Make, value: Value, low: number, w: Width): Value {
  if (low === 0 && value.width === w) return value
  if (value.number !== undefined) return constantValue(value.number >> BigInt(low), w)
  const [inner] = value.parts
  const widened = /^(?:zero|sign)Extend/.test(value.operator)
  if (widened && low + w <= inner!.width) return slice(make, inner!, low, w)
  // what lies above the value is zero
  const high = Math.min(low + w, value.width) - 1
  const range = w === 1 ? `${low}` : `${high}:${low}`
  return make(w, `slice ${w} ${range}`, [value], ([x]) => tight(`${beside(x!)}[${range}]`), 'part')
}
