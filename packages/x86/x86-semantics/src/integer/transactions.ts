import { sdm } from '@vmm/source'
import type { Bits, Machine } from '../algebra.ts'
import { equations } from '../flags.ts'
import { type Instruction, instruction } from '../instruction.ts'
import { gpr, type Target } from '../operand.ts'
import { optionalFeatures } from '../surroundings.ts'
import { checkTarget } from './control.ts'

/** No transaction ever begins, so each of these is outside one. Without the feature there are none of them: #UD. */
function requireTransactions(m: Machine): void {
  m.host('optional', m.constant(optionalFeatures.indexOf('RTM_ALWAYS_ABORT'), 8))
}

/** Where XBEGIN goes: its distance has the operand's size, the address that of code. */
function fallbackOf(m: Machine, to: Target): Bits<64> {
  const target = m.read(to)
  if (m.mode.operandSize !== 16 || m.mode.codeSize === 16) return target
  const next = m.nextRip()
  const distance = m.signExtend(m.truncate(m.sub(target, next), 16), 64)
  const whole = m.add(next, distance)
  return m.mode.codeSize === 64 ? whole : m.and(whole, m.constant(0xffff_ffff, 64))
}

/** It aborts at once, and EAX gives no reason. */
const xbegin = instruction('XBEGIN', sdm('2D', '6.1', 'XBEGIN—Transactional Begin'), (m: Machine, to: Target) => {
  requireTransactions(m)
  const fallback = fallbackOf(m, to)
  checkTarget(m, fallback)
  m.write(gpr('RAX', 32), m.constant(0, 32))
  m.jump(fallback)
})

const xend = instruction('XEND', sdm('2D', '6.1', 'XEND—Transactional End'), (m: Machine) => {
  requireTransactions(m)
  m.fault('GP', m.constant(0, 32))
})

const xabort = instruction('XABORT', sdm('2D', '6.1', 'XABORT—Transactional Abort'), (m: Machine) =>
  requireTransactions(m),
)

const xtest = instruction('XTEST', sdm('2D', '6.1', 'XTEST—Test if in Transactional Execution'), (m: Machine) => {
  requireTransactions(m)
  const clear = () => m.constant(0, 1)
  m.flags(equations({ CF: clear, OF: clear, SF: clear, ZF: () => m.constant(1, 1), AF: clear, PF: clear }))
})

/** TSX as it is where every transaction aborts (RTM_ALWAYS_ABORT); what elides locks is no prefix then. */
export const transactions: readonly Instruction[] = [xbegin, xend, xabort, xtest]
