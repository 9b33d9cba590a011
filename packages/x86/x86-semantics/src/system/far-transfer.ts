import { sdm } from '@vmm/source'
import type { Bits, Machine } from '../algebra.ts'
import { type Instruction, instruction } from '../instruction.ts'
import { isCanonical } from '../integer/control.ts'
import { push, stackPointer, wrapped } from '../integer/stack.ts'
import type { FarPointer, Memory } from '../operand.ts'
import { gateTransfer } from './call-gate.ts'
import { trackFar } from './control-flow.ts'
import {
  checkAccessed,
  type Descriptor,
  dplOf,
  isBig,
  isCode,
  isConforming,
  isLong,
  isNull,
  limitOf,
  markAccessed,
  present,
  readDescriptor,
  rplOf,
  selectorCode,
  setRealSegment,
  setSegment,
} from './descriptor.ts'
import { readFarPointer } from './segments.ts'
import { prepareFarCall } from './shadow-stack.ts'

interface FarTarget {
  readonly selector: Bits<16>
  readonly offset: Bits<64>
}

function targetOf(m: Machine, operand: FarPointer | Memory<16 | 32 | 64>): FarTarget {
  if (operand.kind === 'memory') return readFarPointer(m, operand)
  return {
    selector: m.read(operand.selector),
    offset: m.zeroExtend(m.truncate(m.read(operand.offset), m.mode.operandSize), 64),
  }
}

/** Faults unless a direct transfer may enter this code segment at the current level. SDM 3A §5.8.1. */
function checkDirect(m: Machine, selector: Bits<16>, raw: Bits<64>, code: Bits<32>): void {
  const [cpl, dpl] = [m.get('CPL'), dplOf(m, raw)]
  const conforming = m.not(m.below(cpl, dpl))
  const same = m.and(m.equal(dpl, cpl), m.not(m.below(cpl, rplOf(m, selector))))
  m.when(m.not(m.select(isConforming(m, raw), conforming, same)), () => m.fault('GP', code))
  m.when(m.not(present(m, raw)), () => m.fault('NP', code))
  checkLongBits(m, raw, code)
}

/** L and D together are reserved while IA-32e mode is active. */
export function checkLongBits(m: Machine, raw: Bits<64>, code: Bits<32>): void {
  if (!mayBeLong(m)) return
  const lma = m.bit(m.get('IA32_EFER'), 10)
  m.when(m.and(lma, m.and(isLong(m, raw), isBig(m, raw))), () => m.fault('GP', code))
}

/** In protected mode IA-32e mode may have been activated by the very paging that is on: compatibility mode. */
const mayBeLong = (m: Machine): boolean => m.mode.execution === 'long' || m.mode.execution === 'compatibility'

/** The target lies in the segment: canonical for 64-bit code, within the limit otherwise. */
export function checkOffset(m: Machine, offset: Bits<64>, raw: Bits<64>): void {
  const past = m.below(m.zeroExtend(limitOf(m, raw), 64), offset)
  const bad = mayBeLong(m) ? m.select(isLong(m, raw), m.not(isCanonical(m, offset)), past) : past
  m.when(bad, () => m.fault('GP', m.constant(0, 32)))
}

/** Where a far transfer lands: offsets of a segment that is not 64-bit code have 32 bits. */
export function landing(m: Machine, offset: Bits<64>, raw: Bits<64>): Bits<64> {
  return mayBeLong(m) ? m.select(isLong(m, raw), offset, m.and(offset, m.constant(0xffff_ffff, 64))) : offset
}

/** CS takes the descriptor; its RPL is the level it will run at. */
export function enterCode(m: Machine, selector: Bits<16>, descriptor: Descriptor, level: Bits<8>): void {
  markAccessed(m, descriptor)
  const rpl = m.or(m.and(selector, m.constant(0xfffc, 16)), m.zeroExtend(level, 16))
  setSegment(m, 'CS', rpl, descriptor.raw)
}

const isReal = (m: Machine): boolean => m.mode.execution === 'real' || m.mode.execution === 'virtual-8086'

/** What comes between the checks of a target and going there; it runs the last check, of the offset, when that is due. */
type Leave = (checkOffset: () => void, isLong: Bits<1>) => void

/** A far transfer in real and virtual-8086 mode. */
function transferReal(m: Machine, { selector, offset }: FarTarget, leave: Leave): void {
  leave(
    () => m.when(m.below(m.zeroExtend(m.get('CS.limit'), 64), offset), () => m.fault('GP', m.constant(0, 32))),
    m.constant(0, 1),
  )
  setRealSegment(m, 'CS', selector)
  m.jump(offset)
}

/** A far transfer by a selector: to code directly, or through what else it names. */
function transferProtected(m: Machine, kind: 'jump' | 'call', target: FarTarget, leave: Leave): void {
  const { selector } = target
  m.when(isNull(m, selector), () => m.fault('GP', m.constant(0, 32)))
  const code = selectorCode(m, selector)
  const descriptor = readDescriptor(m, selector, 'GP', code)
  m.when(
    isCode(m, descriptor.raw),
    () => {
      checkDirect(m, selector, descriptor.raw, code)
      const offset = landing(m, target.offset, descriptor.raw)
      checkAccessed(m, descriptor)
      leave(() => checkOffset(m, offset, descriptor.raw), isLong(m, descriptor.raw))
      enterCode(m, selector, descriptor, m.get('CPL'))
      trackFar(m)
      m.jump(offset)
    },
    () => gateTransfer(m, kind, selector, descriptor, code),
  )
}

/** Return address on the stack: CS in an operand-sized slot, then the offset. The target is asked for once there is room. */
function pushReturn(m: Machine, checkTarget: () => void, isLong: Bits<1>): void {
  const size = m.mode.operandSize
  const bottom = wrapped(m, m.sub(stackPointer(m), m.constant(size / 4, 64)))
  m.check('SS', bottom, size / 4, 'write')
  checkTarget()
  const finish = prepareFarCall(m, { level: m.get('CPL'), inner: m.constant(0, 1), isLong })
  push(m, m.zeroExtend(m.get('CS.selector'), size))
  push(m, m.truncate(m.nextRip(), size))
  finish()
}

type FarOperand = FarPointer | Memory<16 | 32 | 64>

const transfer = (m: Machine, kind: 'jump' | 'call', operand: FarOperand, leave: Leave): void => {
  const target = targetOf(m, operand)
  if (isReal(m)) transferReal(m, target, leave)
  else transferProtected(m, kind, target, leave)
}

const jmpf = instruction('JMPF', sdm('2A', '3.3', 'JMP—Jump'), (m: Machine, operand: FarOperand) =>
  transfer(m, 'jump', operand, (checkOffset) => checkOffset()),
)

const callf = instruction('CALLF', sdm('2A', '3.3', 'CALL—Call Procedure'), (m: Machine, operand: FarOperand) =>
  transfer(m, 'call', operand, (checkOffset, isLong) => pushReturn(m, checkOffset, isLong)),
)

export const farTransfers: readonly Instruction[] = [jmpf, callf]
