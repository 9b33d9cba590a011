import {
  binary32,
  binary64,
  C1,
  type Float80,
  type X87Context,
  type X87Result,
  x87Add,
  x87ArcTangent,
  x87Compare,
  x87Constant,
  x87Context,
  x87Cosine,
  x87Divide,
  x87Examine,
  x87Exponential,
  x87Extract,
  x87FromBcd,
  x87FromInteger,
  x87Load,
  x87Logarithm,
  x87LogarithmOfSum,
  x87Multiply,
  x87Remainder,
  x87RemainderNearest,
  x87RoundToIntegral,
  x87Scale,
  x87Sine,
  x87SineAndCosine,
  x87SquareRoot,
  x87Store,
  x87Subtract,
  x87Tangent,
  x87ToBcd,
  x87ToInteger,
  x87Widen,
} from '@vmm/soft-float'
import { type X87Format, type X87Operation, x87Formats, x87Operations } from '@vmm/x86-semantics'

/** What an operation came to. Values for memory are in the low bits of a pattern. */
export interface X87Answer {
  readonly value: Float80
  /** What FXTRACT, FPTAN and FSINCOS push; elsewhere the value again. */
  readonly second: Float80
  /** Exceptions and condition codes at their places in FSW. */
  readonly status: number
  /** Whether the result goes to its destination, and the stack moves. */
  readonly written: boolean
}

/** An operation on the destination and the source, whose format has been seen to. */
type Operation = (a: Float80, b: Float80, context: X87Context) => X87Answer
type Binary = (a: Float80, b: Float80, context: X87Context) => X87Result & { readonly conditionCodes?: number }

const statusOf = ({ flags, roundedUp, conditionCodes = 0 }: Omit<X87Result & { conditionCodes?: number }, 'value'>) =>
  flags | conditionCodes | (roundedUp ? C1 : 0)

const single = (result: X87Result & { readonly conditionCodes?: number }): X87Answer => ({
  value: result.value,
  second: result.value,
  status: statusOf(result),
  written: result.written,
})

const double = (
  value: Float80,
  second: Float80,
  result: Omit<X87Result<unknown>, 'value'> & { readonly conditionCodes?: number },
): X87Answer => ({ value, second, status: statusOf(result as X87Result), written: result.written })

const binary =
  (operation: Binary): Operation =>
  (a, b, context) =>
    single(operation(a, b, context))

/** A result without exceptions. */
const exact = (value: Float80): X87Answer => ({ value, second: value, status: 0, written: true })

/** A pattern of up to 80 bits that goes to memory. */
const memory = ({ value, ...result }: X87Result<bigint>): X87Answer => {
  const pattern = { significand: BigInt.asUintN(64, value), signExponent: Number(value >> 64n) }
  return double(pattern, pattern, result)
}

const compare =
  (nans: 'signaling' | 'quiet'): Operation =>
  (a, b, context) => {
    const { conditionCodes, flags, written } = x87Compare(a, b, nans, context)
    return { value: a, second: a, status: flags | conditionCodes, written }
  }

const toInteger =
  (width: 16 | 32 | 64, rounding?: 'zero'): Operation =>
  (a, _b, context) =>
    memory(x87ToInteger(a, width, context, rounding ?? context.rounding))

const constant =
  (name: 'FLD1' | 'FLDL2T' | 'FLDL2E' | 'FLDPI' | 'FLDLG2' | 'FLDLN2' | 'FLDZ'): Operation =>
  (_a, _b, context) =>
    exact(x87Constant(name, context.rounding))

const operations: Readonly<Record<X87Operation, Operation>> = {
  FADD: binary(x87Add),
  FSUB: binary(x87Subtract),
  FSUBR: binary((a, b, context) => x87Subtract(b, a, context)),
  FMUL: binary(x87Multiply),
  FDIV: binary(x87Divide),
  FDIVR: binary((a, b, context) => x87Divide(b, a, context)),
  FSQRT: binary((a, _b, context) => x87SquareRoot(a, context)),
  FCOM: compare('signaling'),
  FUCOM: compare('quiet'),
  FXAM: (a) => ({ ...exact(a), status: x87Examine(a).conditionCodes }),
  FRNDINT: binary((a, _b, context) => x87RoundToIntegral(a, context)),
  FSCALE: binary(x87Scale),
  FXTRACT: (a, _b, context) => {
    const result = x87Extract(a, context)
    return double(result.value.exponent, result.value.significand, result)
  },
  FPREM: binary(x87Remainder),
  FPREM1: binary(x87RemainderNearest),
  F2XM1: binary((a, _b, context) => x87Exponential(a, context)),
  FYL2X: binary(x87Logarithm),
  FYL2XP1: binary(x87LogarithmOfSum),
  FPATAN: binary(x87ArcTangent),
  FPTAN: (a, _b, context) => {
    const result = x87Tangent(a, context)
    return double(result.value.tangent, result.value.pushed, result)
  },
  FSIN: binary((a, _b, context) => x87Sine(a, context)),
  FCOS: binary((a, _b, context) => x87Cosine(a, context)),
  FSINCOS: (a, _b, context) => {
    const result = x87SineAndCosine(a, context)
    return double(result.value.sine, result.value.cosine, result)
  },
  FLD: (_a, b) => exact(b),
  FST32: (a, _b, context) => memory(x87Store(binary32, a, context)),
  FST64: (a, _b, context) => memory(x87Store(binary64, a, context)),
  FIST16: toInteger(16),
  FIST32: toInteger(32),
  FIST64: toInteger(64),
  FISTTP16: toInteger(16, 'zero'),
  FISTTP32: toInteger(32, 'zero'),
  FISTTP64: toInteger(64, 'zero'),
  FBSTP80: (a, _b, context) => memory(x87ToBcd(a, context)),
  FLD1: constant('FLD1'),
  FLDL2T: constant('FLDL2T'),
  FLDL2E: constant('FLDL2E'),
  FLDPI: constant('FLDPI'),
  FLDLG2: constant('FLDLG2'),
  FLDLN2: constant('FLDLN2'),
  FLDZ: constant('FLDZ'),
}

/** What an operand in memory is to an operation; FLD looks at floats itself, for it raises IE and DE at once. */
const sources: Readonly<Record<X87Format, (b: Float80) => Float80>> = {
  register: (b) => b,
  m32fp: ({ significand }) => x87Widen(binary32, BigInt.asUintN(32, significand)),
  m64fp: ({ significand }) => x87Widen(binary64, significand),
  m16int: ({ significand }) => x87FromInteger(BigInt.asIntN(16, significand)),
  m32int: ({ significand }) => x87FromInteger(BigInt.asIntN(32, significand)),
  m64int: ({ significand }) => x87FromInteger(BigInt.asIntN(64, significand)),
  m80bcd: ({ significand, signExponent }) => x87FromBcd((BigInt(signExponent) << 64n) | significand),
}

const floats: Readonly<Partial<Record<X87Format, typeof binary32>>> = { m32fp: binary32, m64fp: binary64 }

/**
 * Runs an operation by the number that `x87` host calls carry, on a destination and a source, under an FCW. Stack faults,
 * tags and pointers are the caller's.
 */
export function runX87(number: number, a: Float80, b: Float80, fcw: number): X87Answer {
  const [name, format] = [x87Operations[number & 0xff], x87Formats[number >> 8]]
  if (name === undefined || format === undefined) throw new RangeError(`no x87 operation ${number}`)
  const context = x87Context(fcw)
  const float = floats[format]
  if (name === 'FLD' && float !== undefined)
    return single(x87Load(float, BigInt.asUintN(float.width, b.significand), context))
  return operations[name](a, sources[format](b), context)
}
