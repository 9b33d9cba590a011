import { sdm } from '@vmm/source'
import type { Machine } from '../algebra.ts'
import { type Instruction, instruction } from '../instruction.ts'
import type { Operand, Place } from '../operand.ts'
import { requireX87 } from '../system/fpu-availability.ts'
import { initX87 } from '../system/save-area.ts'
import { raisePending, settleIgnore, withSummary } from './stack.ts'

const fninit = instruction('FNINIT', sdm('2A', '3.3', 'FINIT/FNINIT—Initialize Floating-Point Unit'), (m: Machine) => {
  requireX87(m)
  initX87(m)
})

/** Clears the exception flags, the summary, stack fault and busy bits. */
const fnclex = instruction('FNCLEX', sdm('2A', '3.3', 'FCLEX/FNCLEX—Clear Exceptions'), (m: Machine) => {
  requireX87(m)
  m.set('FSW', m.and(m.get('FSW'), m.constant(0x7f00, 16)))
  settleIgnore(m)
})

const fnstcw = instruction(
  'FNSTCW',
  sdm('2A', '3.3', 'FSTCW/FNSTCW—Store x87 FPU Control Word'),
  (m: Machine, to: Place<16>) => {
    requireX87(m)
    m.write(to, m.get('FCW'))
  },
)

const fnstsw = instruction(
  'FNSTSW',
  sdm('2A', '3.3', 'FSTSW/FNSTSW—Store x87 FPU Status Word'),
  (m: Machine, to: Place<16>) => {
    requireX87(m)
    m.write(to, m.get('FSW'))
  },
)

/** A new control word may unmask what is already there: ES and B say so. SDM 2A, FLDCW. */
const fldcw = instruction(
  'FLDCW',
  sdm('2A', '3.3', 'FLDCW—Load x87 FPU Control Word'),
  (m: Machine, from: Operand<16>) => {
    requireX87(m)
    raisePending(m)
    const value = m.or(m.and(m.read(from), m.constant(0x1f7f, 16)), m.constant(0x40, 16))
    m.set('FCW', value)
    m.set('FSW', withSummary(m, m.get('FSW')))
    settleIgnore(m)
  },
)

/** WAIT obeys CR0.MP together with CR0.TS. */
const fwait = instruction('FWAIT', sdm('2D', '6.1', 'WAIT/FWAIT—Wait'), (m: Machine) => {
  const control = m.get('CR0')
  m.when(m.and(m.bit(control, 1), m.bit(control, 3)), () => m.fault('NM'))
  raisePending(m)
})

/** What the 8087 and the 80287 understood: nothing happens. */
const forgotten = (mnemonic: 'FNENI' | 'FNDISI' | 'FNSETPM'): Instruction =>
  instruction(mnemonic, sdm('3B', '23.18.2', 'x87 FPU Status Word and Obsolete Instructions'), requireX87)

export const x87Control: readonly Instruction[] = [
  fninit,
  fnclex,
  fnstcw,
  fnstsw,
  fldcw,
  fwait,
  forgotten('FNENI'),
  forgotten('FNDISI'),
  forgotten('FNSETPM'),
]
