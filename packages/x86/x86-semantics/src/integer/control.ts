import { sdm } from '@vmm/source'
import type { Bits, Machine } from '../algebra.ts'
import { type Instruction, instruction } from '../instruction.ts'
import { gpr, type Operand, type Target } from '../operand.ts'
import { trackNear } from '../system/control-flow.ts'
import { prepareNearCall, prepareNearReturn } from '../system/shadow-stack.ts'
import { conditions, holds } from './conditions.ts'
import { peek, push, release, setStackPointer, stackPointer, wrapped } from './stack.ts'

/**
 * Faults if a near transfer to `target` would leave the code segment: non-canonical in 64-bit code, past the limit
 * elsewhere. SDM 2A, JMP, Operation.
 */
export function checkTarget(m: Machine, target: Bits<64>): void {
  const outside =
    m.mode.codeSize === 64 ? m.not(isCanonical(m, target)) : m.below(m.zeroExtend(m.get('CS.limit'), 64), target)
  m.when(outside, () => m.fault('GP', m.constant(0, 32)))
}

/** The same for a relative target, most of which need no look. */
function checkRelative(m: Machine, target: Bits<64>): void {
  m.when(m.not(m.isNear(target)), () => checkTarget(m, target))
}

/** Bits 63 down to the top of the linear address are copies of each other: 48 bits, or 57 with CR4.LA57. */
export function isCanonical(m: Machine, address: Bits<64>): Bits<1> {
  const la57 = m.bit(m.get('CR4'), 12)
  const shift = m.select(la57, m.constant(7, 64), m.constant(16, 64))
  return m.equal(m.shiftRightSigned(m.shiftLeft(address, shift), shift), address)
}

const jcc = conditions.map((condition) =>
  instruction(`J${condition}`, sdm('2A', '3.3', 'Jcc—Jump if Condition Is Met'), (m: Machine, to: Target) => {
    const target = m.read(to)
    m.when(holds(m, condition), () => {
      checkRelative(m, target)
      m.jump(target)
    })
  }),
)

/** The target of a near JMP or CALL, checked. */
function targetOf(m: Machine, to: Target | Operand<16 | 32 | 64>): Bits<64> {
  if (to.kind === 'relative') {
    const target = m.read(to)
    checkRelative(m, target)
    return target
  }
  const target = m.zeroExtend(m.read(to as Operand<64>), 64)
  checkTarget(m, target)
  return target
}

const jmp = instruction('JMP', sdm('2A', '3.3', 'JMP—Jump'), (m: Machine, to: Target | Operand<16 | 32 | 64>) => {
  const target = targetOf(m, to)
  if (to.kind !== 'relative') trackNear(m)
  m.jump(target)
})

const call = instruction(
  'CALL',
  sdm('2A', '3.3', 'CALL—Call Procedure'),
  (m: Machine, to: Target | Operand<16 | 32 | 64>) => {
    const target = targetOf(m, to)
    const size = m.mode.operandSize
    if (m.mode.cet === true)
      m.check('SS', wrapped(m, m.sub(stackPointer(m), m.constant(size / 8, 64))), size / 8, 'write')
    // a CALL of what follows it asks where it is, and is never returned from
    const isCall = to.kind === 'relative' ? m.not(m.equal(target, m.nextRip())) : m.constant(1, 1)
    const finish = prepareNearCall(m, isCall)
    push(m, m.truncate(m.nextRip(), size))
    finish()
    if (to.kind !== 'relative') trackNear(m)
    m.jump(target)
  },
)

const ret = instruction(
  'RET',
  sdm('2B', '4.3', 'RET—Return From Procedure'),
  (m: Machine, ...[extra]: readonly Operand<16>[]) => {
    const size = m.mode.operandSize
    const target = m.zeroExtend(peek(m, size), 64)
    checkTarget(m, target)
    const finish = prepareNearReturn(m, target)
    if (extra === undefined) release(m, size / 8)
    else setStackPointer(m, m.add(stackPointer(m), m.add(m.zeroExtend(m.read(extra), 64), m.constant(size / 8, 64))))
    finish()
    m.jump(target)
  },
)

const jrcxz = instruction('JRCXZ', sdm('2A', '3.3', 'Jcc—Jump if Condition Is Met'), (m: Machine, to: Target) => {
  const target = m.read(to)
  m.when(m.isZero(m.read(gpr('RCX', m.mode.addressSize))), () => {
    checkRelative(m, target)
    m.jump(target)
  })
})

const loop = (mnemonic: 'LOOP' | 'LOOPE' | 'LOOPNE'): Instruction =>
  instruction(mnemonic, sdm('2A', '3.3', 'LOOP/LOOPcc—Loop According to ECX Counter'), (m: Machine, to: Target) => {
    const counter = gpr('RCX', m.mode.addressSize)
    const target = m.read(to)
    const left = m.sub(m.read(counter), m.constant(1, m.mode.addressSize))
    const more = m.not(m.isZero(left))
    const zero = m.flag('ZF')
    const taken = mnemonic === 'LOOP' ? more : m.and(more, mnemonic === 'LOOPE' ? zero : m.not(zero))
    m.when(taken, () => checkRelative(m, target))
    m.write(counter, left)
    m.when(taken, () => m.jump(target))
  })

export const nearControl: readonly Instruction[] = [
  ...jcc,
  jmp,
  call,
  ret,
  jrcxz,
  loop('LOOP'),
  loop('LOOPE'),
  loop('LOOPNE'),
]
