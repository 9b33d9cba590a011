import { sdm } from '@vmm/source'
import type { Bits, Machine } from '../algebra.ts'
import { type Instruction, instruction } from '../instruction.ts'
import { advance, repeated, stepOf } from '../integer/strings.ts'
import { gpr, type Operand, type Place } from '../operand.ts'
import { exitReason, mayExit } from './non-root.ts'
import { hasPermissionMap } from './permission-map.ts'
import { iopl, refuseUnless } from './privilege.ts'

/** By IOPL, else by the bit map in the TSS: every byte of the access must be allowed. SDM 1 §19.5. */
function checkPort(m: Machine, port: Bits<16>, bytes: number): void {
  if (m.mode.execution === 'real') return
  const byLevel = m.mode.execution === 'virtual-8086' ? m.constant(0, 1) : m.not(m.below(iopl(m), m.get('CPL')))
  m.when(m.not(byLevel), () => {
    const limit = m.get('TR.limit')
    refuseUnless(m, hasPermissionMap(m))
    const base = m.get('TR.base')
    const map = m.zeroExtend(m.loadLinear(m.add(base, m.constant(102, 64)), 16, 'processor'), 32)
    const at = m.add(map, m.zeroExtend(m.shiftRight(port, m.constant(3, 16)), 32))
    refuseUnless(m, m.below(at, limit))
    const word = m.loadLinear(m.add(base, m.zeroExtend(at, 64)), 16, 'processor')
    const bits = m.shiftRight(word, m.and(port, m.constant(7, 16)))
    refuseUnless(m, m.isZero(m.and(bits, m.constant((1 << bytes) - 1, 16))))
  })
}

const portOf = (m: Machine, operand: Operand<8 | 16>): Bits<16> => m.zeroExtend(m.read(operand), 16)

interface PortAccess {
  readonly bytes: number
  readonly direction: 'in' | 'out'
  /** What names the port: DX, an immediate, or DX of an instruction for strings. */
  readonly operand: 'register' | 'immediate' | 'string' | 'memory'
}

/** The exit qualification says it all but the registers. Source: SDM 3C §28.2.1, Table 28-5. */
function mayExitForPort(m: Machine, port: Bits<16>, { bytes, direction, operand }: PortAccess): void {
  const repeats = operand === 'string' && m.mode.rep !== 'none'
  const known =
    (bytes - 1) |
    (direction === 'in' ? 8 : 0) |
    (operand === 'string' ? 0x10 : 0) |
    (repeats ? 0x20 : 0) |
    (operand === 'immediate' ? 0x40 : 0)
  const number = m.shiftLeft(m.zeroExtend(port, 64), m.constant(16, 64))
  mayExit(m, exitReason.port, m.or(number, m.constant(known, 64)))
}

const input = instruction(
  'IN',
  sdm('2A', '3.3', 'IN—Input From Port'),
  (m: Machine, to: Place<8 | 16 | 32>, from: Operand<8 | 16>) => {
    const port = portOf(m, from)
    const bytes = to.width / 8
    checkPort(m, port, bytes)
    mayExitForPort(m, port, { bytes, direction: 'in', operand: from.kind })
    const [value] = m.host('portIn', port, m.constant(bytes, 8), m.constant(1, 64))
    m.write(to, m.truncate(value, to.width))
  },
)

const output = instruction(
  'OUT',
  sdm('2B', '4.3', 'OUT—Output to Port'),
  (m: Machine, to: Operand<8 | 16>, from: Operand<8 | 16 | 32>) => {
    const port = portOf(m, to)
    const bytes = from.width / 8
    checkPort(m, port, bytes)
    mayExitForPort(m, port, { bytes, direction: 'out', operand: to.kind })
    m.host('portOut', port, m.constant(bytes, 8), m.zeroExtend(m.read(from), 32), m.constant(0, 8))
  },
)

const widthOf = (m: Machine, byte: boolean): 8 | 16 | 32 => (byte ? 8 : m.mode.operandSize === 16 ? 16 : 32)

/** The destination is checked before the port is read: a fault must not lose what the device gave. */
const ins = (mnemonic: 'INSB' | 'INS'): Instruction =>
  instruction(mnemonic, sdm('2A', '3.3', 'INS—Input From Port to String'), (m: Machine) => {
    const width = widthOf(m, mnemonic === 'INSB')
    const port = m.read(gpr('RDX', 16))
    checkPort(m, port, width / 8)
    repeated(m, (count) => {
      mayExitForPort(m, port, { bytes: width / 8, direction: 'in', operand: 'string' })
      const to = m.zeroExtend(m.read(gpr('RDI', m.mode.addressSize)), 64)
      m.check('ES', to, width / 8, 'write')
      const [value] = m.host('portIn', port, m.constant(width / 8, 8), count)
      m.store('ES', to, m.truncate(value, width))
      advance(m, 'RDI', stepOf(m, width))
      return m.constant(1, 64)
    })
  })

const outs = (mnemonic: 'OUTSB' | 'OUTS'): Instruction =>
  instruction(mnemonic, sdm('2B', '4.3', 'OUTS—Output String to Port'), (m: Machine) => {
    const width = widthOf(m, mnemonic === 'OUTSB')
    const port = m.read(gpr('RDX', 16))
    checkPort(m, port, width / 8)
    repeated(m, () => {
      mayExitForPort(m, port, { bytes: width / 8, direction: 'out', operand: 'string' })
      const from = m.zeroExtend(m.read(gpr('RSI', m.mode.addressSize)), 64)
      const value = m.load('operand', from, width)
      m.host('portOut', port, m.constant(width / 8, 8), m.zeroExtend(value, 32), m.constant(1, 8))
      advance(m, 'RSI', stepOf(m, width))
      return m.constant(1, 64)
    })
  })

export const portInstructions: readonly Instruction[] = [
  input,
  output,
  ins('INSB'),
  ins('INS'),
  outs('OUTSB'),
  outs('OUTS'),
]
