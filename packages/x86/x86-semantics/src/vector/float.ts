import { sdm } from '@vmm/source'
import type { Bits, Machine, Width } from '../algebra.ts'
import { equations } from '../flags.ts'
import { type Instruction, instruction } from '../instruction.ts'
import type { Immediate, Operand, Place } from '../operand.ts'
import { aligned, begin, end, known, zero128 } from './operand.ts'
import { simd } from './simd.ts'

type Float = Operand<32 | 64 | 128>
type FloatPlace = Place<32 | 64 | 128>

const read = (m: Machine, operand: Operand<Width>): Bits<128> => m.zeroExtend(m.read(operand as Operand<64>), 128)

const write = (m: Machine, to: Place<Width>, value: Bits<128>): void =>
  m.write(to as Place<64>, m.truncate(value, to.width as 64))

const binary = (mnemonic: string): Instruction =>
  instruction(mnemonic, sdm('2A', '3.3', mnemonic), (m: Machine, to: FloatPlace, from: Float) => {
    begin(m, to)
    aligned(m, from)
    write(m, to, simd(m, mnemonic, read(m, to), read(m, from)))
  })

const withImmediate = (mnemonic: string): Instruction =>
  instruction(
    mnemonic,
    sdm('2A', '3.3', mnemonic),
    (m: Machine, to: FloatPlace, from: Float, how: Immediate<8>) => {
      begin(m, to)
      aligned(m, from)
      write(m, to, simd(m, mnemonic, read(m, to), read(m, from), known(how) & (mnemonic.startsWith('CMP') ? 7 : 0xff)))
    },
    { knows: 'immediate' },
  )

/** Neighbours: the even lanes of both, the first's low, or the odd ones. */
export function neighbours(m: Machine, lane: 32 | 64, a: Bits<128>, b: Bits<128>, odd: 0 | 1): Bits<128> {
  const bytes = lane / 8
  const pattern = Array.from(
    { length: 16 },
    (_, index) => Math.floor(index / bytes) * 2 * bytes + odd * bytes + (index % bytes),
  )
  return m.vector.shuffle(a, b, pattern)
}

/** Neighbours added or subtracted: the destination's pairs low, the source's high. */
const horizontal = (mnemonic: 'HADDPS' | 'HADDPD' | 'HSUBPS' | 'HSUBPD'): Instruction =>
  instruction(mnemonic, sdm('2A', '3.3', mnemonic), (m: Machine, to: Place<128>, from: Operand<128>) => {
    begin(m, to)
    aligned(m, from)
    const lane = mnemonic.endsWith('PS') ? 32 : 64
    const [a, b] = [m.read(to), m.read(from)]
    m.write(to, simd(m, mnemonic.slice(1), neighbours(m, lane, a, b, 0), neighbours(m, lane, a, b, 1)))
  })

/** ZF PF CF say equal, unordered, below; the rest is cleared. */
export function setRelation(m: Machine, relation: Bits<128>): void {
  const bits = m.vector.lane(64, relation, 0)
  const none = () => m.constant(0, 1)
  m.flags(
    equations({
      ZF: () => m.bit(bits, 6),
      PF: () => m.bit(bits, 2),
      CF: () => m.bit(bits, 0),
      OF: none,
      SF: none,
      AF: none,
    }),
  )
}

const compare = (mnemonic: string): Instruction =>
  instruction(mnemonic, sdm('2A', '3.3', `${mnemonic}—Compare Scalar Ordered`), (m: Machine, a: Float, b: Float) => {
    begin(m, a)
    setRelation(m, simd(m, mnemonic, read(m, a), read(m, b)))
  })

/** Between vectors; a 64-bit source has two lanes, a 128-bit destination is written whole. */
const convert = (mnemonic: string): Instruction =>
  instruction(
    mnemonic,
    sdm('2A', '3.3', `${mnemonic}—Convert`),
    (m: Machine, to: Place<Width>, from: Operand<Width>) => {
      begin(m, to, from)
      aligned(m, from)
      write(m, to, simd(m, mnemonic, zero128(m), read(m, from)))
    },
  )

/** Between a general register and the lowest lane: the operation's name carries the integer's width. */
const scalarInteger = (mnemonic: string): Instruction =>
  instruction(
    mnemonic,
    sdm('2A', '3.3', `${mnemonic}—Convert Scalar`),
    (m: Machine, to: Place<32 | 64>, from: Operand<32 | 64>) => {
      const toInteger = mnemonic.endsWith('SI')
      begin(m, toInteger ? from : to)
      write(m, to, simd(m, `${mnemonic}${toInteger ? to.width : from.width}`, zero128(m), read(m, from)))
    },
  )

/** MMX conversions are those of the XMM registers on two lanes. */
const mmxConvert = (mnemonic: string, as: string): Instruction =>
  instruction(
    mnemonic,
    sdm('2A', '3.3', `${mnemonic}—Convert`),
    (m: Machine, to: Place<64 | 128>, from: Operand<64 | 128>) => {
      begin(m, to, from)
      aligned(m, from)
      const source = read(m, from)
      // the x87 gives way even if the conversion is then a fault
      end(m, to, from)
      write(m, to, simd(m, as, zero128(m), source))
    },
  )

const forms = (stem: string): string[] => ['PS', 'PD', 'SS', 'SD'].map((form) => `${stem}${form}`)

export const vectorFloat: readonly Instruction[] = [
  ...['ADD', 'SUB', 'MUL', 'DIV', 'MIN', 'MAX', 'SQRT'].flatMap(forms).map(binary),
  ...['RCPPS', 'RCPSS', 'RSQRTPS', 'RSQRTSS', 'ADDSUBPS', 'ADDSUBPD'].map(binary),
  ...['CMP', 'ROUND'].flatMap(forms).map(withImmediate),
  withImmediate('DPPS'),
  withImmediate('DPPD'),
  horizontal('HADDPS'),
  horizontal('HADDPD'),
  horizontal('HSUBPS'),
  horizontal('HSUBPD'),
  ...['COMISS', 'COMISD', 'UCOMISS', 'UCOMISD'].map(compare),
  ...[
    'CVTDQ2PS',
    'CVTPS2DQ',
    'CVTTPS2DQ',
    'CVTDQ2PD',
    'CVTPD2DQ',
    'CVTTPD2DQ',
    'CVTPS2PD',
    'CVTPD2PS',
    'CVTSS2SD',
    'CVTSD2SS',
  ].map(convert),
  ...['CVTSI2SS', 'CVTSI2SD', 'CVTSS2SI', 'CVTSD2SI', 'CVTTSS2SI', 'CVTTSD2SI'].map(scalarInteger),
  mmxConvert('CVTPI2PS', 'CVTDQ2PS'),
  mmxConvert('CVTPI2PD', 'CVTDQ2PD'),
  mmxConvert('CVTPS2PI', 'CVTPS2DQ'),
  mmxConvert('CVTTPS2PI', 'CVTTPS2DQ'),
  mmxConvert('CVTPD2PI', 'CVTPD2DQ'),
  mmxConvert('CVTTPD2PI', 'CVTTPD2DQ'),
]
