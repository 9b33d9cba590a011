/// <reference types="node" />
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import * as sf from './index.ts'

interface Case {
  readonly line: string
  readonly control: number
  readonly operands: readonly bigint[]
  /** As in the file: patterns of results, or `-` for none. */
  readonly result: string
  /** Flags, and for the x87 condition codes. */
  readonly status: number
}

/** What our side says in the file's own words; `near` allows each result to be off by one in the last place. */
interface Answer {
  readonly result: string
  readonly status: number
  readonly near?: boolean
}

type Judge = (operands: readonly bigint[], control: number) => Answer

function casesOf(file: string): Map<string, Case[]> {
  const cases = new Map<string, Case[]>()
  for (const line of readFileSync(new URL(`../cases/${file}`, import.meta.url), 'utf8')
    .trim()
    .split('\n')) {
    if (line.startsWith('#')) continue
    const [question, answer] = line.split(' -> ')
    const [name, control, ...operands] = question!.split(' ')
    const [result, status] = answer!.split(' ')
    const parsed = {
      line,
      control: hex(control!),
      operands: operands.map(bigHex),
      result: result!,
      status: hex(status!),
    }
    cases.set(name!, [...(cases.get(name!) ?? []), parsed])
  }
  return cases
}

const hex = (text: string) => Number.parseInt(text, 16)
const bigHex = (text: string) => BigInt(`0x${text}`)

/** The lines that are answered otherwise, each with our answer. */
function differences(cases: readonly Case[], judge: Judge): string[] {
  return cases.flatMap((recorded) => {
    const { result, status, near } = judge(recorded.operands, recorded.control)
    const isRight = near ? isNear(result, recorded.result) : result === recorded.result
    // C1 tells how the last place was rounded, which is the vendor's where results are approximate.
    const compared = near ? ~sf.C1 : ~0
    if (isRight && ((status ^ recorded.status) & compared) === 0) return []
    return [`${recorded.line}, not ${result} ${status.toString(16)}`]
  })
}

function isNear(ours: string, theirs: string): boolean {
  const pairs = ours.split(',').map((text, i) => [text, theirs.split(',')[i]] as const)
  return pairs.every(([a, b]) => a === b || (a !== '-' && b !== undefined && b !== '-' && distance(a, b) <= 1n))
}

/** Places between two patterns of float80, whose integer bit is left out of the count. */
function distance(a: string, b: string): bigint {
  const [x, y] = [a, b].map((text) => {
    const magnitude = ((bigHex(text) >> 64n) & 0x7fffn) * 2n ** 63n + BigInt.asUintN(63, bigHex(text))
    return bigHex(text) >> 79n === 0n ? magnitude : -magnitude
  })
  return x! > y! ? x! - y! : y! - x!
}

const formats = { s: sf.binary32, d: sf.binary64 } as const

function sseAnswer(control: number, width: number, result: sf.SseResult): Answer {
  const isFault = (result.flags & ~sf.sseContext(control).masks) !== 0
  return { result: isFault ? '-' : result.value.toString(16).padStart(width / 4, '0'), status: result.flags }
}

const zfPfCf = { less: 0x01n, equal: 0x40n, greater: 0n, unordered: 0x45n } as const

function scalarJudges(size: 's' | 'd'): Record<string, Judge> {
  const format = formats[size]
  const other = formats[size === 's' ? 'd' : 's']
  const context = sf.sseContext
  const binary =
    (operation: typeof sf.sseAdd): Judge =>
    ([a, b], control) =>
      sseAnswer(control, format.width, operation(format, a!, b!, context(control)))
  const toInteger =
    (width: 32 | 64, rounding?: 'zero'): Judge =>
    ([a], control) =>
      sseAnswer(control, width, sf.sseToInteger(format, a!, width, context(control), rounding))
  const fromInteger =
    (width: 32 | 64): Judge =>
    ([a], control) =>
      sseAnswer(control, format.width, sf.sseFromInteger(format, BigInt.asIntN(width, a!), context(control)))
  const compare =
    (nans: sf.NanPolicy): Judge =>
    ([a, b], control) => {
      const { relation, flags } = sf.sseCompare(format, a!, b!, nans, context(control))
      return sseAnswer(control, 8, { value: zfPfCf[relation], flags })
    }
  const elements = (vector: bigint) =>
    Array.from({ length: 128 / format.width }, (_, i) =>
      BigInt.asUintN(format.width, vector >> BigInt(i * format.width)),
    )
  return {
    [`adds${size}`]: binary(sf.sseAdd),
    [`subs${size}`]: binary(sf.sseSubtract),
    [`muls${size}`]: binary(sf.sseMultiply),
    [`divs${size}`]: binary(sf.sseDivide),
    [`mins${size}`]: binary(sf.sseMin),
    [`maxs${size}`]: binary(sf.sseMax),
    [`sqrts${size}`]: ([a], control) =>
      sseAnswer(control, format.width, sf.sseSquareRoot(format, a!, context(control))),
    [`comis${size}`]: compare('signaling'),
    [`ucomis${size}`]: compare('quiet'),
    [`cvts${size}2si32`]: toInteger(32),
    [`cvts${size}2si64`]: toInteger(64),
    [`cvtts${size}2si32`]: toInteger(32, 'zero'),
    [`cvtts${size}2si64`]: toInteger(64, 'zero'),
    [`cvtsi2s${size}32`]: fromInteger(32),
    [`cvtsi2s${size}64`]: fromInteger(64),
    [size === 's' ? 'cvtss2sd' : 'cvtsd2ss']: ([a], control) =>
      sseAnswer(control, other.width, sf.sseConvert(format, other, a!, context(control))),
    [`rounds${size}`]: ([a, imm8], control) => {
      const rounding = (imm8! & 4n) !== 0n ? context(control).rounding : sf.roundingOf(Number(imm8!))
      const precision = (imm8! & 8n) !== 0n ? 'suppress' : 'report'
      const result = sf.sseRoundToIntegral(format, a!, rounding, precision, context(control))
      return sseAnswer(control, format.width, result)
    },
    [`cmps${size}`]: ([a, b, imm8], control) => {
      const { holds, flags } = sf.ssePredicate(format, a!, b!, Number(imm8!), context(control))
      return sseAnswer(control, format.width, { value: holds ? 2n ** BigInt(format.width) - 1n : 0n, flags })
    },
    [`dpp${size}`]: ([a, b, imm8], control) => {
      const result = sf.sseDotProduct(format, elements(a!), elements(b!), Number(imm8!), context(control))
      return sseAnswer(control, format.width, result)
    },
  }
}

const sseJudges: Record<string, Judge> = { ...scalarJudges('s'), ...scalarJudges('d') }
const sseCases = casesOf('sse.txt')

test('every SSE instruction of the recording is judged', () => {
  expect(Object.keys(sseJudges).sort()).toEqual([...sseCases.keys()].sort())
})

test.each([...sseCases])('%s answers as the recorded CPU does', (name, cases) => {
  expect(differences(cases, sseJudges[name]!)).toEqual([])
})

const text80 = (value: sf.Float80) => sf.bitsOf80(value).toString(16).padStart(20, '0')

function x87Answer(result: sf.X87Result<readonly sf.Float80[]> & { readonly conditionCodes?: number }): Answer {
  const codes = (result.conditionCodes ?? 0) | (result.roundedUp ? sf.C1 : 0)
  return { result: result.written ? result.value.map(text80).join(',') : '-', status: result.flags | codes }
}

type ToFloat80 = sf.X87Result & { readonly conditionCodes?: number }

const oneOf = (result: ToFloat80) => x87Answer({ ...result, value: [result.value] })
const near = (answer: Answer): Answer => ({ ...answer, near: true })

const unary =
  (operation: (a: sf.Float80, context: sf.X87Context) => ToFloat80): Judge =>
  ([a], control) =>
    oneOf(operation(sf.float80(a!), sf.x87Context(control)))

type Operation80 = (a: sf.Float80, b: sf.Float80, context: sf.X87Context) => ToFloat80

const binary =
  (operation: Operation80): Judge =>
  ([a, b], control) =>
    oneOf(operation(sf.float80(a!), sf.float80(b!), sf.x87Context(control)))

const withMemory =
  (operation: Operation80, format: sf.BinaryFormat): Judge =>
  ([a, b], control) =>
    oneOf(operation(sf.float80(a!), sf.x87Widen(format, b!), sf.x87Context(control)))

const approximate =
  (judge: Judge): Judge =>
  (operands, control) =>
    near(judge(operands, control))

const comparison =
  (nans: sf.NanPolicy, widen: (bits: bigint) => sf.Float80 = sf.float80): Judge =>
  ([a, b], control) => {
    const { flags, conditionCodes } = sf.x87Compare(sf.float80(a!), widen(b!), nans, sf.x87Context(control))
    return { result: '-', status: flags | conditionCodes }
  }

function stored(result: sf.X87Result<bigint>, width: number): Answer {
  const value = result.written ? result.value.toString(16).padStart(width / 4, '0') : '-'
  return { result: value, status: result.flags | (result.roundedUp ? sf.C1 : 0) }
}

const toInteger =
  (width: 16 | 32 | 64, rounding?: 'zero'): Judge =>
  ([a], control) =>
    stored(sf.x87ToInteger(sf.float80(a!), width, sf.x87Context(control), rounding), width)

const toFormat =
  (format: sf.BinaryFormat): Judge =>
  ([a], control) =>
    stored(sf.x87Store(format, sf.float80(a!), sf.x87Context(control)), format.width)

const exactly = (value: sf.Float80) => x87Answer({ value: [value], flags: 0, roundedUp: false, written: true })

const fromInteger =
  (width: number): Judge =>
  ([a]) =>
    exactly(sf.x87FromInteger(BigInt.asIntN(width, a!)))

const constant =
  (name: sf.X87Constant): Judge =>
  (_, control) =>
    exactly(sf.x87Constant(name, sf.x87Context(control).rounding))

const x87Judges: Record<string, Judge> = {
  fadd: binary(sf.x87Add),
  fsub: binary(sf.x87Subtract),
  fmul: binary(sf.x87Multiply),
  fdiv: binary(sf.x87Divide),
  fsqrt: unary(sf.x87SquareRoot),
  fcom: comparison('signaling'),
  fucom: comparison('quiet'),
  fxam: ([a]) => ({ result: '-', status: sf.x87Examine(sf.float80(a!)).conditionCodes }),
  frndint: unary(sf.x87RoundToIntegral),
  fscale: binary(sf.x87Scale),
  fxtract: ([a], control) => {
    const result = sf.x87Extract(sf.float80(a!), sf.x87Context(control))
    return x87Answer({ ...result, value: [result.value.significand, result.value.exponent] })
  },
  fprem: binary(sf.x87Remainder),
  fprem1: binary(sf.x87RemainderNearest),
  fist16: toInteger(16),
  fist32: toInteger(32),
  fist64: toInteger(64),
  fisttp16: toInteger(16, 'zero'),
  fisttp32: toInteger(32, 'zero'),
  fisttp64: toInteger(64, 'zero'),
  fild16: fromInteger(16),
  fild32: fromInteger(32),
  fild64: fromInteger(64),
  fbld: ([a]) => exactly(sf.x87FromBcd(a!)),
  fbstp: ([a], control) => stored(sf.x87ToBcd(sf.float80(a!), sf.x87Context(control)), 80),
  fld32: ([a], control) => oneOf(sf.x87Load(sf.binary32, a!, sf.x87Context(control))),
  fld64: ([a], control) => oneOf(sf.x87Load(sf.binary64, a!, sf.x87Context(control))),
  fst32: toFormat(sf.binary32),
  fst64: toFormat(sf.binary64),
  fadd32: withMemory(sf.x87Add, sf.binary32),
  fadd64: withMemory(sf.x87Add, sf.binary64),
  fdiv32: withMemory(sf.x87Divide, sf.binary32),
  fcom32: comparison('signaling', (bits) => sf.x87Widen(sf.binary32, bits)),
  fcom64: comparison('signaling', (bits) => sf.x87Widen(sf.binary64, bits)),
  fmul64: withMemory(sf.x87Multiply, sf.binary64),
  f2xm1: approximate(unary(sf.x87Exponential)),
  fyl2x: approximate(binary(sf.x87Logarithm)),
  fyl2xp1: approximate(binary(sf.x87LogarithmOfSum)),
  fptan: ([a], control) => {
    const tangent = sf.x87Tangent(sf.float80(a!), sf.x87Context(control))
    return near(x87Answer({ ...tangent, value: [tangent.value.tangent] }))
  },
  fsin: approximate(unary(sf.x87Sine)),
  fcos: approximate(unary(sf.x87Cosine)),
  fsincos: ([a], control) => {
    const result = sf.x87SineAndCosine(sf.float80(a!), sf.x87Context(control))
    const { sine, cosine } = result.value
    return near(x87Answer({ ...result, value: result.conditionCodes === 0 ? [cosine, sine] : [sine] }))
  },
  fpatan: approximate(binary(sf.x87ArcTangent)),
  fld1: constant('FLD1'),
  fldl2t: constant('FLDL2T'),
  fldl2e: constant('FLDL2E'),
  fldpi: constant('FLDPI'),
  fldlg2: constant('FLDLG2'),
  fldln2: constant('FLDLN2'),
  fldz: constant('FLDZ'),
}

const x87Cases = casesOf('x87.txt')

test('every x87 instruction of the recording is judged', () => {
  expect(Object.keys(x87Judges).sort()).toEqual([...x87Cases.keys()].sort())
})

test.each([...x87Cases])('%s answers as the recorded CPU does', (name, cases) => {
  expect(differences(cases, x87Judges[name]!)).toEqual([])
})
