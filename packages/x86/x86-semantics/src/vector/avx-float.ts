import { sdm } from '@vmm/source'
import type { Bits, Machine } from '../algebra.ts'
import type { Instruction } from '../instruction.ts'
import type { Immediate, Operand, Place } from '../operand.ts'
import { type AnyVector, type AnyVectorPlace, avx, type Parts, readParts, writeParts } from './avx.ts'
import { neighbours, setRelation } from './float.ts'
import { join, known, zero128 } from './operand.ts'
import { fused, simdParts } from './simd.ts'

type Sources = readonly (AnyVector | Immediate<8>)[]
type Vectors = (m: Machine, a: Parts, b: Parts, immediate: number) => Parts

const source = (name: string) => sdm('2A', '3.3', name)
const laneOf = (name: string): 32 | 64 => (name.endsWith('S') ? 32 : 64)
const isScalar = (name: string): boolean => /S[SD]$/.test(name)

/** The lowest lane of one vector under the rest of another. */
const merged = (m: Machine, lane: 32 | 64, into: Parts, value: Parts): Parts => [
  m.vector.withLane(lane, into[0]!, 0, m.vector.lane(lane, value[0]!, 0)),
]

/** Of one source or two, and perhaps an immediate. What computes one lane takes the others from the first of two. */
function described(name: string, of: Vectors, knows: 'immediate' | undefined): Instruction {
  return avx(
    `V${name}`,
    source(name),
    (m: Machine, to: AnyVectorPlace, ...operands: Sources) => {
      const how = operands.find((operand): operand is Immediate<8> => operand.kind === 'immediate')
      const [first, second = first] = operands
        .filter((operand): operand is AnyVector => operand.kind !== 'immediate')
        .map((operand) => readParts(m, operand))
      const result = of(m, first!, second!, how === undefined ? 0 : known(how))
      writeParts(m, to, isScalar(name) ? merged(m, laneOf(name), first!, result) : result)
    },
    knows === undefined ? {} : { knows },
  )
}

const plain = (name: string): Instruction => described(name, (m, a, b) => simdParts(m, name, a, b), undefined)

const byImmediate = (name: string, bits: number): Instruction =>
  described(name, (m, a, b, how) => simdParts(m, name, a, b, how & bits), 'immediate')

const horizontal = (name: string): Instruction =>
  described(
    name,
    (m, a, b) => {
      const of = (odd: 0 | 1) => a.map((part, index) => neighbours(m, laneOf(name), part, b[index]!, odd))
      return simdParts(m, name.slice(1), of(0), of(1))
    },
    undefined,
  )

/** As many bytes of all ones as a lane has, where a bit of a number is set. */
function laneMask(m: Machine, lane: 32 | 64, bits: number): Bits<128> {
  const ones = (1n << BigInt(lane)) - 1n
  const lanes = Array.from({ length: 128 / lane }, (_, index) =>
    (bits >> index) & 1 ? ones << BigInt(index * lane) : 0n,
  )
  return m.constant(
    lanes.reduce((all, each) => all | each),
    128,
  )
}

/** Products of chosen lanes, and sums of neighbours until one is left, which goes to chosen lanes. Each step may raise exceptions. */
const dotProduct = (name: 'DPPS' | 'DPPD'): Instruction =>
  described(
    name,
    (m, a, b, how) => {
      const lane = laneOf(name)
      const chosen = (parts: Parts) => parts.map((part) => m.and(part, laneMask(m, lane, how >> 4)))
      let sums = simdParts(m, `MUL${name.slice(2)}`, chosen(a), chosen(b))
      const zero = zero128(m)
      for (let left = 128 / lane; left > 1; left /= 2) {
        const of = (odd: 0 | 1) => sums.map((part) => neighbours(m, lane, part, zero, odd))
        sums = simdParts(m, `ADD${name.slice(2)}`, of(0), of(1))
      }
      const placed = laneMask(m, lane, how)
      return sums.map((part) => m.and(m.vector.splat(lane, m.vector.lane(lane, part, 0)), placed))
    },
    'immediate',
  )

const compare = (name: string): Instruction =>
  avx(`V${name}`, source(name), (m: Machine, a: AnyVector, b: AnyVector) =>
    setRelation(m, simdParts(m, name, readParts(m, a), readParts(m, b))[0]!),
  )

/** Both halves of 128 bits, each low. */
const unfolded = (m: Machine, part: Bits<128>): Parts => [part, m.vector.splat(64, m.vector.lane(64, part, 1))]

/** Of lanes at both ends of one width, to twice the width or to half of it. */
const convert = (name: string): Instruction => {
  const widens = /^CVT(?:PS2PD|DQ2PD)$/.test(name)
  const narrows = /^CVTT?PD2/.test(name)
  return avx(`V${name}`, source(name), (m: Machine, to: AnyVectorPlace, from: AnyVector) => {
    const parts = readParts(m, from)
    const sources = widens && to.width === 256 ? unfolded(m, parts[0]!) : parts
    const result = simdParts(m, name, sources, sources)
    writeParts(m, to, narrows && result.length === 2 ? [join(m, result[0]!, result[1]!)] : result)
  })
}

const fromInteger = (name: 'CVTSI2SS' | 'CVTSI2SD'): Instruction =>
  avx(`V${name}`, source(name), (m: Machine, to: Place<128>, into: Operand<128>, from: Operand<32 | 64>) => {
    const value = readParts(m, from)
    const first = readParts(m, into)
    writeParts(m, to, merged(m, laneOf(name), first, simdParts(m, `${name}${from.width}`, value, value)))
  })

const toInteger = (name: string): Instruction =>
  avx(`V${name}`, source(name), (m: Machine, to: Place<32 | 64>, from: AnyVector) => {
    const value = readParts(m, from)
    const [result] = simdParts(m, `${name}${to.width}`, value, value)
    m.write(to, m.truncate(result!, to.width))
  })

/** Which operands are the factors, and which the term, by the digits. Source: SDM 2C, VFMADD132PD. */
const orders = { 132: [0, 2, 1], 213: [1, 0, 2], 231: [1, 2, 0] } as const

const multiplyAdd = (stem: string, order: keyof typeof orders, form: string): Instruction => {
  const name = `${stem}${form}`
  return avx(
    `V${stem}${order}${form}`,
    sdm('2C', '5.1', `V${stem}${order}${form}`),
    (m: Machine, to: AnyVectorPlace, ...others: readonly AnyVector[]) => {
      const parts = [to as AnyVector, ...others].map((operand) => readParts(m, operand))
      const [a, b, c] = orders[order].map((index) => parts[index]!)
      const result = fused(m, name, a!, b!, c!)
      writeParts(m, to, isScalar(name) ? merged(m, laneOf(name), parts[0]!, result) : result)
    },
  )
}

const allForms = ['PS', 'PD', 'SS', 'SD'] as const
const digits = [132, 213, 231] as const

const fusedInstructions = [
  ...['FMADD', 'FMSUB', 'FNMADD', 'FNMSUB'].map((stem) => ({ stem, forms: allForms })),
  ...['FMADDSUB', 'FMSUBADD'].map((stem) => ({ stem, forms: allForms.slice(0, 2) })),
].flatMap(({ stem, forms }) => digits.flatMap((order) => forms.map((form) => multiplyAdd(stem, order, form))))

const fromHalves = avx(
  'VCVTPH2PS',
  sdm('2C', '5.1', 'VCVTPH2PS—Convert Packed FP16 Values to Single Precision'),
  (m: Machine, to: AnyVectorPlace, from: AnyVector) => {
    const [part] = readParts(m, from)
    const sources = to.width === 256 ? unfolded(m, part!) : [part!]
    writeParts(m, to, simdParts(m, 'CVTPH2PS', sources, sources))
  },
)

const toHalves = avx(
  'VCVTPS2PH',
  sdm('2C', '5.1', 'VCVTPS2PH—Convert Single Precision FP Values to FP16 Values'),
  (m: Machine, to: Place<64 | 128>, from: AnyVector, how: Immediate<8>) => {
    const parts = readParts(m, from)
    const [low, high] = simdParts(m, 'CVTPS2PH', parts, parts, known(how) & 7)
    writeParts(m, to, [high === undefined ? low! : join(m, low!, high)])
  },
  { knows: 'immediate' },
)

const forms = (stem: string): readonly string[] => allForms.map((form) => `${stem}${form}`)

/** Floating-point instructions of AVX, FMA and F16C. */
export const avxFloat: readonly Instruction[] = [
  ...['ADD', 'SUB', 'MUL', 'DIV', 'MIN', 'MAX', 'SQRT'].flatMap(forms).map(plain),
  ...['RCPPS', 'RCPSS', 'RSQRTPS', 'RSQRTSS', 'ADDSUBPS', 'ADDSUBPD', 'CVTSS2SD', 'CVTSD2SS'].map(plain),
  ...forms('CMP').map((name) => byImmediate(name, 0x1f)),
  ...forms('ROUND').map((name) => byImmediate(name, 0xff)),
  dotProduct('DPPS'),
  dotProduct('DPPD'),
  ...['HADDPS', 'HADDPD', 'HSUBPS', 'HSUBPD'].map(horizontal),
  ...['COMISS', 'COMISD', 'UCOMISS', 'UCOMISD'].map(compare),
  ...['CVTDQ2PS', 'CVTPS2DQ', 'CVTTPS2DQ', 'CVTDQ2PD', 'CVTPD2DQ', 'CVTTPD2DQ', 'CVTPS2PD', 'CVTPD2PS'].map(convert),
  fromInteger('CVTSI2SS'),
  fromInteger('CVTSI2SD'),
  ...['CVTSS2SI', 'CVTSD2SI', 'CVTTSS2SI', 'CVTTSD2SI'].map(toInteger),
  ...fusedInstructions,
  fromHalves,
  toHalves,
]
