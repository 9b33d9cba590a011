import { sdm } from '@vmm/source'
import type { Bits, Machine, Width } from '../algebra.ts'
import { equations } from '../flags.ts'
import { type Instruction, instruction } from '../instruction.ts'
import type { Immediate, Operand, Place } from '../operand.ts'
import { aligned, begin, end, known, zero128 } from './operand.ts'
import { simdNumber } from './simd-number.ts'

type Float = Operand<32 | 64 | 128>
type FloatPlace = Place<32 | 64 | 128>

const read = (m: Machine, operand: Operand<Width>): Bits<128> => m.zeroExtend(m.read(operand as Operand<64>), 128)

/**
 * Runs an operation under MXCSR. Its flags stick; one that is not masked is #XM, or #UD without CR4.OSXMMEXCPT, and
 * nothing else is written. Source: SDM 1 §11.5.
 */
function simd(m: Machine, name: string, a: Bits<128>, b: Bits<128>, immediate = 0): Bits<128> {
  const control = m.get('MXCSR')
  const half = (value: Bits<128>, index: number) => m.vector.lane(64, value, index)
  const [low, high, flags] = m.host(
    'simd',
    m.constant(simdNumber(name, immediate), 32),
    half(a, 0),
    half(a, 1),
    half(b, 0),
    half(b, 1),
    control,
  )
  m.when(m.not(m.isZero(flags)), () => {
    m.set('MXCSR', m.or(control, flags))
    m.commit()
    const masks = m.and(m.shiftRight(control, m.constant(7, 32)), m.constant(0x3f, 32))
    m.when(m.not(m.isZero(m.and(flags, m.not(masks)))), () => {
      m.when(
        m.bit(m.get('CR4'), 10),
        () => m.fault('XM'),
        () => m.fault('UD'),
      )
    })
  })
  return m.vector.withLane(64, m.vector.splat(64, low), 1, high)
}

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
      write(m, to, simd(m, mnemonic, read(m, to), read(m, from), known(how)))
    },
    { knows: 'immediate' },
  )

/** Neighbours added or subtracted: the destination's pairs low, the source's high. */
const horizontal = (mnemonic: 'HADDPS' | 'HADDPD' | 'HSUBPS' | 'HSUBPD'): Instruction =>
  instruction(mnemonic, sdm('2A', '3.3', mnemonic), (m: Machine, to: Place<128>, from: Operand<128>) => {
    begin(m, to)
    aligned(m, from)
    const bytes = mnemonic.endsWith('PS') ? 4 : 8
    const [a, b] = [m.read(to), m.read(from)]
    const pick = (odd: number) =>
      m.vector.shuffle(
        a,
        b,
        Array.from({ length: 16 }, (_, index) => Math.floor(index / bytes) * 2 * bytes + odd * bytes + (index % bytes)),
      )
    m.write(to, simd(m, mnemonic.slice(1), pick(0), pick(1)))
  })

/** ZF PF CF say equal, unordered, below; the rest is cleared. */
const compare = (mnemonic: string): Instruction =>
  instruction(mnemonic, sdm('2A', '3.3', `${mnemonic}—Compare Scalar Ordered`), (m: Machine, a: Float, b: Float) => {
    begin(m, a)
    const relation = m.vector.lane(64, simd(m, mnemonic, read(m, a), read(m, b)), 0)
    const none = () => m.constant(0, 1)
    m.flags(
      equations({
        ZF: () => m.bit(relation, 6),
        PF: () => m.bit(relation, 2),
        CF: () => m.bit(relation, 0),
        OF: none,
        SF: none,
        AF: none,
      }),
    )
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
