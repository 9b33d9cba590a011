import { sdm } from '@vmm/source'
import type { Bits, Machine } from '../algebra.ts'
import { equations } from '../flags.ts'
import { type Instruction, instruction } from '../instruction.ts'
import { gpr, type Immediate, xmm } from '../operand.ts'
import { avx, writeParts } from './avx.ts'
import { begin, known, read128, type Vector, zero128 } from './operand.ts'

/** What the immediate asks for. Source: SDM 2B §4.1, Imm8 Control Byte Operation. */
interface Control {
  readonly lane: 8 | 16
  readonly signed: boolean
  readonly aggregation: 'any' | 'ranges' | 'each' | 'ordered'
  readonly polarity: number
  readonly high: boolean
}

function controlOf(immediate: number): Control {
  return {
    lane: (immediate & 1) === 0 ? 8 : 16,
    signed: (immediate & 2) !== 0,
    aggregation: (['any', 'ranges', 'each', 'ordered'] as const)[(immediate >> 2) & 3]!,
    polarity: (immediate >> 4) & 3,
    high: (immediate & 0x40) !== 0,
  }
}

const laneCount = ({ lane }: Control): number => 128 / lane
const allLanes = (control: Control): number => (1 << laneCount(control)) - 1

/** Lanes before the first zero, as a mask. */
function implicitLength(m: Machine, value: Bits<128>, control: Control): Bits<32> {
  const zeros = m.vector.signs(control.lane, m.vector.zip(control.lane, 'equal', value, zero128(m)))
  const before = m.sub(m.and(zeros, m.negate(zeros)), m.constant(1, 32))
  return m.and(before, m.constant(allLanes(control), 32))
}

/** The magnitude of a register, at most all lanes, as a mask. */
function explicitLength(m: Machine, name: 'RAX' | 'RDX', control: Control): Bits<32> {
  const width = m.mode.operandSize === 64 ? 64 : 32
  const value = m.signExtend(m.read(gpr(name, width)), 64)
  const size = m.select(m.bit(value, -1), m.negate(value), value)
  const count = m.select(m.below(size, m.constant(laneCount(control), 64)), size, m.constant(laneCount(control), 64))
  return m.truncate(m.sub(m.shiftLeft(m.constant(1, 64), count), m.constant(1, 64)), 32)
}

interface Strings {
  readonly a: Bits<128>
  readonly b: Bits<128>
  readonly validA: Bits<32>
  readonly validB: Bits<32>
}

/** Lanes of `b` that relate so to lane `index` of `a`. */
function related(
  m: Machine,
  { a, b }: Strings,
  control: Control,
  index: number,
  relation: 'equal' | 'atLeast' | 'atMost',
): Bits<32> {
  const { lane, signed } = control
  const one = m.vector.splat(lane, m.vector.lane(lane, a, index))
  if (relation === 'equal') return m.vector.signs(lane, m.vector.zip(lane, 'equal', one, b))
  const extreme = m.vector.zip(lane, `${relation === 'atLeast' ? 'max' : 'min'}${signed ? 'S' : 'U'}`, one, b)
  return m.vector.signs(lane, m.vector.zip(lane, 'equal', extreme, b))
}

function aggregate(m: Machine, strings: Strings, control: Control): Bits<32> {
  const count = laneCount(control)
  const { a, b, validA, validB } = strings
  const none = m.constant(0, 32)
  const all = m.constant(allLanes(control), 32)
  const lanes = Array.from({ length: count }, (_, index) => index)
  if (control.aggregation === 'each') {
    const same = m.vector.signs(control.lane, m.vector.zip(control.lane, 'equal', a, b))
    return m.or(m.and(m.and(same, validA), validB), m.and(all, m.not(m.or(validA, validB))))
  }
  if (control.aggregation === 'any') {
    const found = lanes.map((index) =>
      m.select(m.bit(validA, index), related(m, strings, control, index, 'equal'), none),
    )
    return m.and(
      found.reduce((sum, one) => m.or(sum, one)),
      validB,
    )
  }
  if (control.aggregation === 'ranges') {
    const found = lanes
      .filter((index) => index % 2 === 0)
      .map((index) => {
        const inside = m.and(
          related(m, strings, control, index, 'atLeast'),
          related(m, strings, control, index + 1, 'atMost'),
        )
        return m.select(m.bit(validA, index + 1), inside, none)
      })
    return m.and(
      found.reduce((sum, one) => m.or(sum, one)),
      validB,
    )
  }
  const matches = lanes.map((index) => {
    const here = m.and(related(m, strings, control, index, 'equal'), validB)
    const beyond = m.constant((allLanes(control) << (count - index)) & allLanes(control), 32)
    const moved = m.or(m.shiftRight(here, m.constant(index, 32)), beyond)
    return m.select(m.bit(validA, index), moved, all)
  })
  return matches.reduce((sum, one) => m.and(sum, one))
}

function polarized(m: Machine, result: Bits<32>, { validB }: Strings, control: Control): Bits<32> {
  if (control.polarity === 1) return m.xor(result, m.constant(allLanes(control), 32))
  return control.polarity === 3 ? m.xor(result, validB) : result
}

function writeIndex(m: Machine, result: Bits<32>, control: Control): void {
  const count = m.constant(laneCount(control), 32)
  const found = control.high ? m.sub(m.constant(31, 32), m.countLeadingZeros(result)) : m.countTrailingZeros(result)
  m.write(gpr('RCX', 32), m.select(m.isZero(result), count, found))
}

/** Bit by bit, or a whole lane of ones for each. */
function maskOf(m: Machine, result: Bits<32>, control: Control): Bits<128> {
  if (!control.high) return m.zeroExtend(result, 128)
  let mask = zero128(m)
  for (let index = 0; index < laneCount(control); index += 1) {
    mask = m.vector.withLane(control.lane, mask, index, m.signExtend(m.bit(result, index), 64))
  }
  return mask
}

interface Comparison {
  readonly lengths: 'explicit' | 'implicit'
  readonly gives: 'index' | 'mask'
}

/** Compares two strings. `write` puts a mask into XMM0. */
function compareStrings(
  m: Machine,
  { lengths, gives }: Comparison,
  [a, b]: readonly [Bits<128>, Bits<128>],
  control: Control,
  write: (mask: Bits<128>) => void,
): void {
  const length = (value: Bits<128>, name: 'RAX' | 'RDX') =>
    lengths === 'explicit' ? explicitLength(m, name, control) : implicitLength(m, value, control)
  const strings: Strings = { a, b, validA: length(a, 'RAX'), validB: length(b, 'RDX') }
  const result = polarized(m, aggregate(m, strings, control), strings, control)
  if (gives === 'index') writeIndex(m, result, control)
  else write(maskOf(m, result, control))
  const short = (valid: Bits<32>) => m.not(m.equal(valid, m.constant(allLanes(control), 32)))
  m.flags(
    equations({
      CF: () => m.not(m.isZero(result)),
      ZF: () => short(strings.validB),
      SF: () => short(strings.validA),
      OF: () => m.bit(result, 0),
      AF: () => m.constant(0, 1),
      PF: () => m.constant(0, 1),
    }),
  )
}

const compare = (mnemonic: string, how: Comparison): readonly Instruction[] => {
  const source = sdm('2B', '4.3', `${mnemonic}—Packed Compare Strings`)
  return [
    instruction(
      mnemonic,
      source,
      (m: Machine, first: Vector, second: Vector, by: Immediate<8>) => {
        begin(m, first)
        const values = [read128(m, first), read128(m, second)] as const
        compareStrings(m, how, values, controlOf(known(by)), (mask) => m.write(xmm(0), mask))
      },
      { knows: 'immediate' },
    ),
    avx(
      `V${mnemonic}`,
      source,
      (m: Machine, first: Vector, second: Vector, by: Immediate<8>) => {
        const values = [read128(m, first), read128(m, second)] as const
        compareStrings(m, how, values, controlOf(known(by)), (mask) => writeParts(m, xmm(0), [mask]))
      },
      { knows: 'immediate' },
    ),
  ]
}

export const stringCompares: readonly Instruction[] = [
  ...compare('PCMPESTRI', { lengths: 'explicit', gives: 'index' }),
  ...compare('PCMPESTRM', { lengths: 'explicit', gives: 'mask' }),
  ...compare('PCMPISTRI', { lengths: 'implicit', gives: 'index' }),
  ...compare('PCMPISTRM', { lengths: 'implicit', gives: 'mask' }),
]
