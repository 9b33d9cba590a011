import type { ArithmeticFlag } from '@vmm/x86-registers'
import type { Arithmetic, Bits, Width } from './algebra.ts'

/** How flags follow from values, one equation a flag. Thunks: a reader that finds a flag dead never asks for it. */
export type FlagEquations = { readonly [F in ArithmeticFlag]?: () => Bits<1> }

/** The operations whose flags a reader may keep as class and operands, and evaluate when something asks. */
export type FlagClassName = keyof typeof flagClasses

/** Flags as a named class with its operands, or as equations of an instruction's own. */
export type FlagsOf =
  | { readonly kind: 'class'; readonly name: FlagClassName; readonly operands: readonly Bits<8 | 16 | 32 | 64>[] }
  | { readonly kind: 'equations'; readonly equations: FlagEquations }

type Sized = 8 | 16 | 32 | 64

/** SF, ZF and PF say the same thing about every result. SDM 1 §3.4.3.1. */
function ofResult<W extends Width>(m: Arithmetic, value: Bits<W>) {
  return {
    SF: () => m.bit(value, -1),
    ZF: () => m.isZero(value),
    PF: () => m.evenParity(value),
  } satisfies FlagEquations
}

/** A carry went into bit 4. */
const intoBit4 = <W extends Width>(m: Arithmetic, a: Bits<W>, b: Bits<W>, result: Bits<W>) =>
  m.bit(m.xor(m.xor(a, b), result), 4)

function ofSum<W extends Sized>(m: Arithmetic, a: Bits<W>, b: Bits<W>, carry?: Bits<W>): FlagEquations {
  const sum = carry === undefined ? m.add(a, b) : m.add(m.add(a, b), carry)
  return {
    CF: () => (carry === undefined ? m.below(sum, a) : m.bit(m.or(m.and(a, b), m.and(m.or(a, b), m.not(sum))), -1)),
    AF: () => intoBit4(m, a, b, sum),
    OF: () => m.bit(m.and(m.xor(a, sum), m.xor(b, sum)), -1), // both signs disagree with the sum's
    ...ofResult(m, sum),
  }
}

function ofDifference<W extends Sized>(m: Arithmetic, a: Bits<W>, b: Bits<W>, borrow?: Bits<W>): FlagEquations {
  const difference = borrow === undefined ? m.sub(a, b) : m.sub(m.sub(a, b), borrow)
  return {
    CF: () =>
      borrow === undefined ? m.below(a, b) : m.bit(m.or(m.and(m.not(a), b), m.and(m.or(m.not(a), b), difference)), -1),
    AF: () => intoBit4(m, a, b, difference),
    OF: () => m.bit(m.and(m.xor(a, b), m.xor(a, difference)), -1), // unlike signs, and the sign flipped
    ...ofResult(m, difference),
  }
}

/** AF is undefined by the manual after shifts and multiplications, and cleared by hardware. */
const noAdjust = (m: Arithmetic) => ({ AF: () => m.constant(0, 1) }) satisfies FlagEquations

/** Multiplication says by CF and OF whether the high half carries information; the rest is undefined and follows the low half. */
const ofProduct = <W extends Sized>(m: Arithmetic, low: Bits<W>, overflow: () => Bits<1>): FlagEquations => ({
  ...ofResult(m, low),
  ...noAdjust(m),
  CF: overflow,
  OF: overflow,
  ZF: () => m.constant(0, 1),
})

/** The last bit that left to the left: bit width - count of what was shifted. */
function lastOutLeft<W extends Sized>(m: Arithmetic, a: Bits<W>, count: Bits<W>): Bits<1> {
  const width = m.widthOf(a)
  if (width < 64) return m.bit(m.shiftLeft(m.zeroExtend(a, 64), m.zeroExtend(count, 64)), width)
  const back = m.and(m.sub(m.constant(64, width), count), m.constant(63, width))
  return m.bit(m.shiftRight(a, back), 0)
}

/** The last bit that left to the right: bit count - 1 of what was shifted. */
function lastOutRight<W extends Sized>(m: Arithmetic, shiftOne: (by: Bits<W>) => Bits<W>, count: Bits<W>): Bits<1> {
  const width = m.widthOf(count)
  const before = m.and(m.sub(count, m.constant(1, width)), m.constant(width === 64 ? 63 : 31, width))
  return m.bit(shiftOne(before), 0)
}

/**
 * The equations of each class over its operands. Operands of a class have one width; carries come in zero-extended.
 * INC and DEC keep CF, so their class carries it along.
 */
export const flagClasses = {
  /** a + b */
  addition: (m: Arithmetic, [a, b]: readonly Bits<Sized>[]) => ofSum(m, a!, b!),
  /** a + b + carry */
  additionWithCarry: (m: Arithmetic, [a, b, carry]: readonly Bits<Sized>[]) => ofSum(m, a!, b!, carry),
  /** a - b */
  subtraction: (m: Arithmetic, [a, b]: readonly Bits<Sized>[]) => ofDifference(m, a!, b!),
  /** a - b - borrow */
  subtractionWithBorrow: (m: Arithmetic, [a, b, borrow]: readonly Bits<Sized>[]) => ofDifference(m, a!, b!, borrow),
  /** AND, OR, XOR, TEST: the result. AF is undefined by the manual and cleared by hardware. */
  logic: (m: Arithmetic, [value]: readonly Bits<Sized>[]): FlagEquations => ({
    CF: () => m.constant(0n, 1),
    AF: () => m.constant(0n, 1),
    OF: () => m.constant(0n, 1),
    ...ofResult(m, value!),
  }),
  /** INC: the result, and CF as it was. */
  increment: (m: Arithmetic, [result, carry]: readonly Bits<Sized>[]): FlagEquations => ({
    CF: () => m.bit(carry!, 0),
    AF: () => m.isZero(m.and(result!, m.constant(0xf, m.widthOf(result!)))),
    OF: () => m.equal(result!, m.constant(1n << BigInt(m.widthOf(result!) - 1), m.widthOf(result!))),
    ...ofResult(m, result!),
  }),
  /** DEC: the result, and CF as it was. */
  decrement: (m: Arithmetic, [result, carry]: readonly Bits<Sized>[]): FlagEquations => {
    const w = m.widthOf(result!)
    return {
      CF: () => m.bit(carry!, 0),
      AF: () => m.equal(m.and(result!, m.constant(0xf, w)), m.constant(0xf, w)),
      OF: () => m.equal(result!, m.constant((1n << BigInt(w - 1)) - 1n, w)),
      ...ofResult(m, result!),
    }
  },
  /** SHL: what is shifted, and the masked count, which is not 0. */
  leftShift: (m: Arithmetic, [a, count]: readonly Bits<Sized>[]): FlagEquations => {
    const result = m.shiftLeft(a!, count!)
    const CF = () => lastOutLeft(m, a!, count!)
    return { CF, OF: () => m.xor(m.bit(result, -1), CF()), ...noAdjust(m), ...ofResult(m, result) }
  },
  /** SHR: the same. */
  rightShift: (m: Arithmetic, [a, count]: readonly Bits<Sized>[]): FlagEquations => ({
    CF: () => lastOutRight(m, (by) => m.shiftRight(a!, by), count!),
    OF: () => m.bit(a!, -1),
    ...noAdjust(m),
    ...ofResult(m, m.shiftRight(a!, count!)),
  }),
  /** SAR: the same. */
  signedRightShift: (m: Arithmetic, [a, count]: readonly Bits<Sized>[]): FlagEquations => ({
    CF: () => lastOutRight(m, (by) => m.shiftRightSigned(a!, by), count!),
    OF: () => m.constant(0, 1),
    ...noAdjust(m),
    ...ofResult(m, m.shiftRightSigned(a!, count!)),
  }),
  /** MUL: both halves. */
  unsignedProduct: (m: Arithmetic, [low, high]: readonly Bits<Sized>[]): FlagEquations =>
    ofProduct(m, low!, () => m.not(m.isZero(high!))),
  /** IMUL: what is multiplied. The product fits when the high half is nothing but copies of the low half's sign. */
  signedProduct: (m: Arithmetic, [a, b]: readonly Bits<Sized>[]): FlagEquations => {
    const [low, w] = [m.mul(a!, b!), m.widthOf(a!)]
    const sign = m.shiftRightSigned(low, m.constant(w - 1, w))
    return ofProduct(m, low, () => m.not(m.equal(m.mulHighSigned(a!, b!), sign)))
  },
} as const satisfies Record<string, (m: Arithmetic, operands: readonly Bits<Sized>[]) => FlagEquations>

const ofClass =
  (name: FlagClassName) =>
  <W extends Sized>(...operands: readonly Bits<W>[]): FlagsOf => ({
    kind: 'class',
    name,
    operands: operands as unknown as readonly Bits<Sized>[],
  })

/** Flags of `a + b`. */
export const addition = ofClass('addition')
/** Flags of `a + b + carry`; the carry is 0 or 1 in the operands' width. */
export const additionWithCarry = ofClass('additionWithCarry')
/** Flags of `a - b`. */
export const subtraction = ofClass('subtraction')
/** Flags of `a - b - borrow`. */
export const subtractionWithBorrow = ofClass('subtractionWithBorrow')
/** Flags of a bitwise result. */
export const logic = ofClass('logic')
/** Flags of `result = a + 1`, with the old CF in the result's width. */
export const increment = ofClass('increment')
/** Flags of `result = a - 1`, with the old CF in the result's width. */
export const decrement = ofClass('decrement')
/** Flags of `a << count`; the count is masked, not 0, and of the operand's width. */
export const leftShift = ofClass('leftShift')
/** Flags of `a >> count` with zeros from the left; the count as for `leftShift`. */
export const rightShift = ofClass('rightShift')
/** Flags of `a >> count` with copies of the sign from the left; the count as for `leftShift`. */
export const signedRightShift = ofClass('signedRightShift')
/** Flags of an unsigned product of two halves. */
export const unsignedProduct = ofClass('unsignedProduct')
/** Flags of `a * b`, both signed. */
export const signedProduct = ofClass('signedProduct')

/** Flags by an instruction's own equations; a flag that is absent keeps its value. */
export function equations(of: FlagEquations): FlagsOf {
  return { kind: 'equations', equations: of }
}

/** SF, ZF and PF of a result, for instructions with equations of their own. */
export const resultFlags = ofResult
