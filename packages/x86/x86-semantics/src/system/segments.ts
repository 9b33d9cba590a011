import { sdm } from '@vmm/source'
import { accessRights, type SegmentName, segmentNames } from '@vmm/x86-registers'
import type { Bits, Machine } from '../algebra.ts'
import { type Instruction, instruction } from '../instruction.ts'
import { peek, popGeneral, release } from '../integer/stack.ts'
import { moveGeneral } from '../integer/transfer.ts'
import type { AnyOperand, Memory, Operand, Place, RegisterOperand } from '../operand.ts'
import { moveControl } from './control-registers.ts'
import {
  checkAccessed,
  dplOf,
  isCode,
  isCodeOrData,
  isConforming,
  isNull,
  markAccessed,
  present,
  readDescriptor,
  rplOf,
  selectorCode,
  setNull,
  setRealSegment,
  setSegment,
} from './descriptor.ts'

/** Loads SS, DS, ES, FS or GS with all checks of privilege and type. Source: SDM 2B, MOV, Operation. */
function loadSegment(m: Machine, name: Exclude<SegmentName, 'CS'>, selector: Bits<16>, also?: () => void): void {
  const { execution } = m.mode
  if (execution === 'real' || execution === 'virtual-8086') {
    also?.()
    return setRealSegment(m, name, selector)
  }
  m.when(
    isNull(m, selector),
    () => {
      if (name === 'SS') refuseNullStack(m, selector)
      also?.()
      setNull(m, name, selector)
      // the privilege level of the stack stays readable in SS
      if (name === 'SS')
        m.set(
          'SS.access',
          m.or(
            m.constant(accessRights.unusable, 32),
            m.shiftLeft(m.zeroExtend(m.get('CPL'), 32), m.constant(accessRights.dplShift, 32)),
          ),
        )
    },
    () => {
      const code = selectorCode(m, selector)
      const descriptor = readDescriptor(m, selector, 'GP', code)
      if (name === 'SS') checkStackSegment(m, selector, descriptor.raw, code)
      else checkDataSegment(m, selector, descriptor.raw, code)
      checkAccessed(m, descriptor)
      also?.()
      markAccessed(m, descriptor)
      setSegment(m, name, selector, descriptor.raw)
    },
  )
}

/** 64-bit code below CPL 3 may have a null stack segment whose RPL is the CPL. */
function refuseNullStack(m: Machine, selector: Bits<16>): void {
  if (m.mode.execution !== 'long') return m.fault('GP', m.constant(0, 32))
  const cpl = m.get('CPL')
  const fits = m.and(m.equal(rplOf(m, selector), cpl), m.below(cpl, m.constant(3, 8)))
  m.when(m.not(fits), () => m.fault('GP', m.constant(0, 32)))
}

function checkStackSegment(m: Machine, selector: Bits<16>, raw: Bits<64>, code: Bits<32>): void {
  const cpl = m.get('CPL')
  const writable = m.and(m.and(isCodeOrData(m, raw), m.not(isCode(m, raw))), m.bit(raw, 41))
  const level = m.and(m.equal(rplOf(m, selector), cpl), m.equal(dplOf(m, raw), cpl))
  m.when(m.not(m.and(writable, level)), () => m.fault('GP', code))
  m.when(m.not(present(m, raw)), () => m.fault('SS', code))
}

function checkDataSegment(m: Machine, selector: Bits<16>, raw: Bits<64>, code: Bits<32>): void {
  const readable = m.and(isCodeOrData(m, raw), m.or(m.not(isCode(m, raw)), m.bit(raw, 41)))
  const free = m.and(isCode(m, raw), isConforming(m, raw))
  const dpl = dplOf(m, raw)
  const allowed = m.and(m.not(m.below(dpl, rplOf(m, selector))), m.not(m.below(dpl, m.get('CPL'))))
  m.when(m.not(m.and(readable, m.or(free, allowed))), () => m.fault('GP', code))
  m.when(m.not(present(m, raw)), () => m.fault('NP', code))
}

const named = (operand: RegisterOperand<16>): SegmentName => segmentNames[operand.index!]!

/** MOV in all its forms: to and from segment registers, control and debug registers, and plain. */
const mov = instruction('MOV', sdm('2B', '4.3', 'MOV—Move'), (m: Machine, to: AnyOperand, from: AnyOperand) => {
  const [target, source] = [to, from] as [RegisterOperand<16>, RegisterOperand<16>]
  if (target.kind === 'register' && target.file === 'segment') {
    const name = named(target) as Exclude<SegmentName, 'CS'>
    loadSegment(m, name, m.read(from as Operand<16>))
    if (name === 'SS') m.interruptShadow('mov-ss')
    return
  }
  if (source.kind === 'register' && source.file === 'segment')
    return storeSelector(m, to as Place<16 | 32 | 64>, named(source))
  if (isControl(target) || isControl(source))
    return moveControl(m, to as RegisterOperand<64>, from as RegisterOperand<64>)
  moveGeneral(m, to as Place<8>, from as Operand<8>)
})

const isControl = (operand: AnyOperand): boolean =>
  operand.kind === 'register' && (operand.file === 'control' || operand.file === 'debug')

/** To memory 16 bits, to a register zero-extended to its width. */
function storeSelector(m: Machine, to: Place<16 | 32 | 64>, name: SegmentName): void {
  m.write(to, m.zeroExtend(m.get(`${name}.selector`), to.width))
}

const pop = instruction(
  'POP',
  sdm('2B', '4.3', 'POP—Pop a Value From the Stack'),
  (m: Machine, to: Place<16 | 32 | 64> | RegisterOperand<16>) => {
    if (to.kind !== 'register' || to.file !== 'segment') return popGeneral(m, to as Place<16 | 32 | 64>)
    const name = named(to as RegisterOperand<16>) as Exclude<SegmentName, 'CS'>
    const size = m.mode.operandSize
    const selector = m.truncate(peek(m, size), 16)
    loadSegment(m, name, selector, () => release(m, size / 8))
    if (name === 'SS') m.interruptShadow('mov-ss')
  },
)

const farLoad = (name: Exclude<SegmentName, 'CS'>): Instruction =>
  instruction(
    `L${name}`,
    sdm('2A', '3.3', 'LDS/LES/LFS/LGS/LSS—Load Far Pointer'),
    (m: Machine, to: Place<16 | 32 | 64>, from: Memory<16 | 32 | 64>) => {
      const { offset, selector } = readFarPointer(m, from)
      loadSegment(m, name, selector)
      m.write(to, m.truncate(offset, to.width))
    },
  )

/** A far pointer in memory: offset first, then selector. */
export function readFarPointer(m: Machine, from: Memory<16 | 32 | 64>): { offset: Bits<64>; selector: Bits<16> } {
  const size = m.mode.operandSize
  const at = m.address(from)
  const above = m.zeroExtend(m.truncate(m.add(at, m.constant(size / 8, 64)), m.mode.addressSize), 64)
  const offset = m.zeroExtend(m.load('operand', at, size), 64)
  return { offset, selector: m.load('operand', above, 16) }
}

export const segmentInstructions: readonly Instruction[] = [
  mov,
  pop,
  farLoad('DS'),
  farLoad('ES'),
  farLoad('SS'),
  farLoad('FS'),
  farLoad('GS'),
]
