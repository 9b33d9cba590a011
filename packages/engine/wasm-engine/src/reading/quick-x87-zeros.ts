import type { Node } from '../emit/node.ts'
import {
  C0,
  C3,
  exponentMask,
  isNormal,
  long,
  type Parts,
  signBit,
  word,
  type X87Quick,
  type X87Quickly,
} from './quick-float80.ts'
import { precisely } from './quick-x87-arithmetic.ts'

/** Bits of a memory operand by its format, and whether the highest is a sign that zero has, too. */
const widths: Readonly<Record<string, { readonly bits: 16 | 32 | 64; readonly signed: boolean }>> = {
  m32fp: { bits: 32, signed: true },
  m64fp: { bits: 64, signed: true },
  m16int: { bits: 16, signed: false },
  m32int: { bits: 32, signed: false },
  m64int: { bits: 64, signed: false },
}

function isZero({ code }: X87Quickly, { significand, signExponent }: Parts): Node {
  const hasNoExponent = word(code, 'eqz', word(code, 'and', signExponent, code.i32(exponentMask)))
  return word(code, 'and', long(code, 'eqz', significand), hasNoExponent)
}

const signOf = ({ code }: X87Quickly, { signExponent }: Parts): Node =>
  word(code, 'and', signExponent, code.i32(signBit))

interface Operand {
  readonly isZero: Node
  /** Its sign, where it is a zero. */
  readonly sign: Node
}

/** The second operand, as far as it may be zero. */
function secondOf(given: X87Quickly): Operand | undefined {
  const { code, b, format } = given
  if (format === 'register') return { isZero: isZero(given, b), sign: signOf(given, b) }
  const width = widths[format]
  if (width === undefined) return undefined
  const up = code.i64(BigInt(64 - width.bits))
  const whole = code.hold(long(code, 'shl', b.significand, up))
  if (!width.signed) return { isZero: long(code, 'eqz', whole), sign: code.i32(0) }
  const magnitude = long(code, 'shl', whole, code.i64(1n))
  const sign = code.op('i32.wrap_i64', long(code, 'shr_u', whole, code.i64(63n)))
  return { isZero: long(code, 'eqz', magnitude), sign: word(code, 'shl', sign, code.i32(15)) }
}

const zero = ({ code }: X87Quickly, signExponent: Node): Parts => ({ significand: code.i64(0n), signExponent })

const load: X87Quick = (given) => {
  const b = secondOf(given)
  if (b !== undefined) given.code.if(b.isZero, () => given.done(zero(given, b.sign)))
}

/** The sign is the highest bit of what is stored, where it has one. */
const store =
  (signAt: number | undefined): X87Quick =>
  (given) => {
    const { code, a, done } = given
    const sign = code.op('i64.extend_i32_u', signOf(given, a))
    const stored = signAt === undefined ? code.i64(0n) : long(code, 'shl', sign, code.i64(BigInt(signAt - 15)))
    code.if(isZero(given, a), () => done({ significand: stored, signExponent: code.i32(0) }))
  }

/** Normals against zero, and zeros; `a` against a normal only where that is a register. */
function sides(
  given: X87Quickly,
  { normalWithZero, zeroWithNormal, zeros }: Readonly<Record<'normalWithZero' | 'zeroWithNormal' | 'zeros', Sides>>,
): void {
  const { code, a, b, format } = given
  const second = secondOf(given)
  if (second === undefined) return
  const aIsZero = code.hold(isZero(given, a))
  code.if(
    second.isZero,
    () => {
      code.if(isNormal(code, a), () => normalWithZero(second.sign))
      code.if(aIsZero, () => zeros(second.sign))
    },
    format === 'register'
      ? () => code.if(word(code, 'and', aIsZero, isNormal(code, b)), () => zeroWithNormal(signOf(given, b)))
      : undefined,
  )
}

/** What comes of it, by the sign of the second operand. */
type Sides = (sign: Node) => void

/** Nothing is rounded: the sum is the other number, or a zero that is positive unless both are negative. */
const add =
  (turned?: 'a' | 'b'): X87Quick =>
  (given) => {
    const { code, a, b, done } = given
    const turn = (which: 'a' | 'b', node: Node) =>
      which === turned ? word(code, 'xor', node, code.i32(signBit)) : node
    sides(given, {
      normalWithZero: () => done({ significand: a.significand, signExponent: turn('a', a.signExponent) }),
      zeroWithNormal: () => done({ significand: b.significand, signExponent: turn('b', b.signExponent) }),
      zeros: (sign) => done(zero(given, word(code, 'and', turn('a', signOf(given, a)), turn('b', sign)))),
    })
  }

const multiply: X87Quick = (given) => {
  const { code, a, done } = given
  const product = (sign: Node) => done(zero(given, word(code, 'xor', signOf(given, a), sign)))
  sides(given, { normalWithZero: product, zeroWithNormal: product, zeros: product })
}

const compare: X87Quick = (given) => {
  const { code, a, done } = given
  sides(given, {
    normalWithZero: () => done(a, code.select(signOf(given, a), code.i32(C0), code.i32(0))),
    zeroWithNormal: (sign) => done(a, code.select(sign, code.i32(0), code.i32(C0))),
    zeros: () => done(a, code.i32(C3)),
  })
}

const root: X87Quick = (given) => {
  given.code.if(isZero(given, given.a), () => given.done(given.a))
}

/** What operations give where one operand is zero, or both are. */
export const quickX87Zeros: Readonly<Record<string, X87Quick>> = {
  FLD: load,
  FST32: store(31),
  FST64: store(63),
  ...Object.fromEntries(
    ['FIST', 'FISTTP'].flatMap((stem) => [16, 32, 64].map((width) => [`${stem}${width}`, store(undefined)])),
  ),
  // what is added to nothing is rounded where not all of the precision is asked for
  FADD: precisely(add()),
  FSUB: precisely(add('b')),
  FSUBR: precisely(add('a')),
  FMUL: multiply,
  FCOM: compare,
  FUCOM: compare,
  FSQRT: root,
}
