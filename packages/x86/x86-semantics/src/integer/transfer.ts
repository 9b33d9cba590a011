import { sdm } from '@vmm/source'
import type { Bits, Machine } from '../algebra.ts'
import { addition, equations, subtraction } from '../flags.ts'
import { type Instruction, instruction } from '../instruction.ts'
import { AH, gpr, type Memory, type Operand, type Place } from '../operand.ts'
import { aligned } from '../vector/operand.ts'
import { conditions, holds } from './conditions.ts'

type Sized = 8 | 16 | 32 | 64

/** Moves to and from segment, control and debug registers are told apart in `system/`. */
export const moveGeneral = (m: Machine, to: Place<Sized>, from: Operand<Sized>): void => m.write(to, m.read(from))

const extending = (mnemonic: 'MOVZX' | 'MOVSX' | 'MOVSXD', title: string): Instruction =>
  instruction(mnemonic, sdm('2B', '4.3', title), (m: Machine, to: Place<Sized>, from: Operand<Sized>) => {
    const value = m.read(from)
    m.write(to, mnemonic === 'MOVZX' ? m.zeroExtend(value, to.width) : m.signExtend(value, to.width))
  })

const xchg = instruction(
  'XCHG',
  sdm('2D', '6.1', 'XCHG—Exchange Register/Memory With Register'),
  (m: Machine, a: Place<Sized>, b: Place<Sized>) => {
    const [first, second] = [m.read(a), m.read(b)]
    m.write(a, second)
    m.write(b, first)
  },
  { locks: 'always' },
)

const xadd = instruction(
  'XADD',
  sdm('2D', '6.1', 'XADD—Exchange and Add'),
  (m: Machine, to: Place<Sized>, from: Place<Sized>) => {
    const [a, b] = [m.read(to), m.read(from)]
    const sum = m.add(a, b)
    // of one register twice the sum stays; memory goes first: what is locked may have to begin again
    if (to.kind === 'memory') m.write(to, sum)
    m.write(from, a)
    if (to.kind === 'register') m.write(to, sum)
    m.flags(addition(a, b))
  },
)

/** The destination is written either way; a 32-bit accumulator that matches keeps its upper half. */
const cmpxchg = instruction(
  'CMPXCHG',
  sdm('2A', '3.3', 'CMPXCHG—Compare and Exchange'),
  (m: Machine, to: Place<Sized>, from: Operand<Sized>) => {
    const accumulator = gpr('RAX', to.width)
    const [old, expected, value] = [m.read(to), m.read(accumulator), m.read(from)]
    const same = m.equal(expected, old)
    if (to.kind === 'register') {
      m.when(
        same,
        () => m.write(to, value),
        () => m.write(accumulator, old),
      )
    } else {
      m.write(to, m.select(same, value, old))
      m.when(m.not(same), () => m.write(accumulator, old))
    }
    m.flags(subtraction(expected, old))
  },
)

const setZero = (m: Machine, ZF: Bits<1>) => m.flags(equations({ ZF: () => ZF }))

/** CMPXCHG8B compares EDX:EAX, CMPXCHG16B RDX:RAX; the latter's operand must be aligned. */
const cmpxchg8b = instruction(
  'CMPXCHG8B',
  sdm('2A', '3.3', 'CMPXCHG8B/CMPXCHG16B—Compare and Exchange Bytes'),
  (m: Machine, to: Memory<64>) => {
    const old = m.read(to)
    const pair = (high: 'RDX' | 'RCX', low: 'RAX' | 'RBX') =>
      m.or(
        m.shiftLeft(m.zeroExtend(m.read(gpr(high, 32)), 64), m.constant(32, 64)),
        m.zeroExtend(m.read(gpr(low, 32)), 64),
      )
    const same = m.equal(old, pair('RDX', 'RAX'))
    m.write(to, m.select(same, pair('RCX', 'RBX'), old))
    m.when(m.not(same), () => {
      m.write(gpr('RAX', 32), m.truncate(old, 32))
      m.write(gpr('RDX', 32), m.extract(old, 32, 32))
    })
    setZero(m, same)
  },
)

const cmpxchg16b = instruction(
  'CMPXCHG16B',
  sdm('2A', '3.3', 'CMPXCHG8B/CMPXCHG16B—Compare and Exchange Bytes'),
  (m: Machine, to: Memory<128>) => {
    const old = m.read(aligned(m, to)) as Bits<128>
    const [low, high] = [m.vector.lane(64, old, 0), m.vector.lane(64, old, 1)]
    const same = m.and(m.equal(low, m.read(gpr('RAX', 64))), m.equal(high, m.read(gpr('RDX', 64))))
    const chosen = (name: 'RBX' | 'RCX', otherwise: Bits<64>) => m.select(same, m.read(gpr(name, 64)), otherwise)
    const fresh = m.vector.withLane(64, m.vector.withLane(64, old, 0, chosen('RBX', low)), 1, chosen('RCX', high))
    m.write(to, fresh)
    m.when(m.not(same), () => {
      m.write(gpr('RAX', 64), low)
      m.write(gpr('RDX', 64), high)
    })
    setZero(m, same)
  },
)

function swapped<W extends 16 | 32 | 64>(m: Machine, a: Bits<W>): Bits<W> {
  const width = m.widthOf(a)
  let result = m.constant(0, width)
  for (let at = 0; at < width; at += 8) {
    const byte = m.zeroExtend(m.extract(a, at, 8), width)
    result = m.or(result, m.shiftLeft(byte, m.constant(width - 8 - at, width)))
  }
  return result
}

/** BSWAP of a 16-bit register is undefined; processors clear it. */
const bswap = instruction('BSWAP', sdm('2A', '3.3', 'BSWAP—Byte Swap'), (m: Machine, to: Place<16 | 32 | 64>) => {
  m.write(to, to.width === 16 ? m.constant<16 | 32 | 64>(0, to.width) : swapped(m, m.read(to)))
})

const movbe = instruction(
  'MOVBE',
  sdm('2B', '4.3', 'MOVBE—Move Data After Swapping Bytes'),
  (m: Machine, to: Place<16 | 32 | 64>, from: Operand<16 | 32 | 64>) => {
    m.write(to, swapped(m, m.read(from)))
  },
)

const lea = instruction(
  'LEA',
  sdm('2A', '3.3', 'LEA—Load Effective Address'),
  (m: Machine, to: Place<16 | 32 | 64>, from: Memory<8>) => {
    m.write(to, m.truncate(m.address(from), to.width))
  },
)

const cbw = instruction('CBW', sdm('2A', '3.3', 'CBW/CWDE/CDQE—Convert'), (m: Machine) => {
  const { operandSize } = m.mode
  m.write(gpr('RAX', operandSize), m.signExtend(m.read(gpr('RAX', (operandSize / 2) as 8)), operandSize))
})

const cwd = instruction('CWD', sdm('2A', '3.3', 'CWD/CDQ/CQO—Convert'), (m: Machine) => {
  const { operandSize } = m.mode
  m.write(
    gpr('RDX', operandSize),
    m.shiftRightSigned(m.read(gpr('RAX', operandSize)), m.constant(operandSize - 1, operandSize)),
  )
})

const xlat = instruction('XLAT', sdm('2D', '6.1', 'XLAT/XLATB—Table Look-up Translation'), (m: Machine) => {
  const { addressSize } = m.mode
  const offset = m.add(m.read(gpr('RBX', addressSize)), m.zeroExtend(m.read(gpr('RAX', 8)), addressSize))
  m.write(gpr('RAX', 8), m.load('operand', m.zeroExtend(offset, 64), 8))
})

/** The source is read and a 32-bit destination written even when the condition fails. */
const cmov = conditions.map((condition) =>
  instruction(
    `CMOV${condition}`,
    sdm('2A', '3.3', 'CMOVcc—Conditional Move'),
    (m: Machine, to: Place<16 | 32 | 64>, from: Operand<16 | 32 | 64>) => {
      const value = m.read(from)
      m.write(to, m.select(holds(m, condition), value, m.read(to)))
    },
  ),
)

const set = conditions.map((condition) =>
  instruction(`SET${condition}`, sdm('2B', '4.3', 'SETcc—Set Byte on Condition'), (m: Machine, to: Place<8>) => {
    m.write(to, m.zeroExtend(holds(m, condition), 8))
  }),
)

const lahf = instruction('LAHF', sdm('2A', '3.3', 'LAHF—Load Status Flags Into AH'), (m: Machine) =>
  m.write(AH, m.truncate(m.rflags(), 8)),
)

const sahf = instruction('SAHF', sdm('2B', '4.3', 'SAHF—Store AH Into Flags'), (m: Machine) => {
  const ah = m.read(AH)
  m.flags(
    equations({
      CF: () => m.bit(ah, 0),
      PF: () => m.bit(ah, 2),
      AF: () => m.bit(ah, 4),
      ZF: () => m.bit(ah, 6),
      SF: () => m.bit(ah, 7),
    }),
  )
})

const salc = instruction('SALC', sdm('2D', 'A.3', 'Table A-2, D6'), (m: Machine) =>
  m.write(gpr('RAX', 8), m.signExtend(m.flag('CF'), 8)),
)

const movnti = instruction('MOVNTI', sdm('2B', '4.3', 'MOVNTI—Store Doubleword Using Non-Temporal Hint'), moveGeneral)

export const transfer: readonly Instruction[] = [
  extending('MOVZX', 'MOVZX—Move With Zero-Extend'),
  extending('MOVSX', 'MOVSX/MOVSXD—Move With Sign-Extension'),
  extending('MOVSXD', 'MOVSX/MOVSXD—Move With Sign-Extension'),
  xchg,
  xadd,
  cmpxchg,
  cmpxchg8b,
  cmpxchg16b,
  bswap,
  movbe,
  lea,
  cbw,
  cwd,
  xlat,
  ...cmov,
  ...set,
  lahf,
  sahf,
  salc,
  movnti,
]
