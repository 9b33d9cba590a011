import type { Bits, Machine } from '../algebra.ts'
import { isCanonical } from '../integer/control.ts'
import { push, stackPointer, wrapped } from '../integer/stack.ts'
import { gpr } from '../operand.ts'
import { trackFar } from './control-flow.ts'
import {
  accessOf,
  baseOf,
  checkAccessed,
  type Descriptor,
  dplOf,
  entryAddress,
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
  setNull,
  setSegment,
  typeOf,
} from './descriptor.ts'
import { readInnerStack, readLongStack } from './inner-stack.ts'
import { prepareFarCall } from './shadow-stack.ts'
import { checkRoom, lowered, slotOn } from './stack-room.ts'
import { isAvailableTss, noCause, switchDirectly, switchKind, switchThroughGate, taskType } from './task-switch.ts'

const inIa32e = (m: Machine): boolean => m.mode.execution === 'long' || m.mode.execution === 'compatibility'

/** Types of system descriptors. Source: SDM 3A §3.5, Table 3-2. */
const gateType = { call16: 4, call32: 12 } as const

interface Gate {
  readonly selector: Bits<16>
  readonly offset: Bits<64>
  /** 1 for 32-bit gates; 64-bit gates have a size of their own. */
  readonly wide: Bits<1>
  readonly parameters: Bits<64>
}

interface Target {
  readonly gate: Gate
  readonly descriptor: Descriptor
  readonly raw: Bits<64>
}

/**
 * What a far JMP or CALL does when the selector names no code segment: a call gate, a task gate or a task-state segment. In
 * IA-32e mode the last two are #GP(selector). Source: SDM 3A §5.8.3 to §5.8.5, §8.3.
 */
export function gateTransfer(
  m: Machine,
  kind: 'jump' | 'call',
  selector: Bits<16>,
  descriptor: Descriptor,
  code: Bits<32>,
): void {
  if (!inIa32e(m)) {
    const type = typeOf(m, descriptor.raw)
    const isGate = m.equal(type, m.constant(taskType.gate, 8))
    const isTask = m.or(isGate, isAvailableTss(m, descriptor.raw))
    return m.when(
      isTask,
      () => taskTransfer(m, kind, selector, descriptor, code, isGate),
      () => codeTransfer(m, kind, selector, descriptor, code),
    )
  }
  codeTransfer(m, kind, selector, descriptor, code)
}

/** To another task, directly or through a task gate. */
function taskTransfer(
  m: Machine,
  kind: 'jump' | 'call',
  selector: Bits<16>,
  { raw }: Descriptor,
  code: Bits<32>,
  isGate: Bits<1>,
): void {
  refuseLevel(m, selector, raw, code)
  m.when(m.not(present(m, raw)), () => m.fault('NP', code))
  m.when(
    isGate,
    () => switchThroughGate(m, switchKind[kind], raw, m.nextRip(), noCause(m)),
    () => switchDirectly(m, switchKind[kind], selector, raw),
  )
}

function refuseLevel(m: Machine, selector: Bits<16>, raw: Bits<64>, code: Bits<32>): void {
  const dpl = dplOf(m, raw)
  const allowed = m.and(m.not(m.below(dpl, m.get('CPL'))), m.not(m.below(dpl, rplOf(m, selector))))
  m.when(m.not(allowed), () => m.fault('GP', code))
}

/** Through a call gate. */
function codeTransfer(
  m: Machine,
  kind: 'jump' | 'call',
  selector: Bits<16>,
  descriptor: Descriptor,
  code: Bits<32>,
): void {
  const gate = readGate(m, selector, descriptor, code)
  const target = checkTarget(m, kind, gate)
  const { raw } = target
  if (kind === 'jump') {
    checkEntry(m, target)
    trackFar(m)
    return enter(m, target, m.get('CPL'))
  }
  const inner = m.and(m.not(isConforming(m, raw)), m.below(dplOf(m, raw), m.get('CPL')))
  m.when(
    inner,
    () => callInner(m, target, dplOf(m, raw)),
    () => {
      pushReturn(m, target)
      enter(m, target, m.get('CPL'))
    },
  )
}

function readGate(m: Machine, selector: Bits<16>, { raw }: Descriptor, code: Bits<32>): Gate {
  const type = m.and(m.extract(raw, 40, 8), m.constant(0x1f, 8))
  const wide = m.equal(type, m.constant(gateType.call32, 8))
  const known = inIa32e(m) ? wide : m.or(wide, m.equal(type, m.constant(gateType.call16, 8)))
  m.when(m.not(known), () => m.fault('GP', code))
  refuseLevel(m, selector, raw, code)
  m.when(m.not(present(m, raw)), () => m.fault('NP', code))
  const low = m.or(
    m.and(raw, m.constant(0xffff, 64)),
    m.and(m.shiftRight(raw, m.constant(32, 64)), m.constant(0xffff_0000, 64)),
  )
  const legacy = m.select(wide, low, m.and(raw, m.constant(0xffff, 64)))
  return {
    selector: m.extract(raw, 16, 16),
    offset: inIa32e(m) ? wideOffset(m, selector, low, code) : legacy,
    wide,
    parameters: m.and(m.shiftRight(raw, m.constant(32, 64)), m.constant(31, 64)),
  }
}

/** The second half of a 64-bit gate, which must lie in the table, too: offset bits 63:32, and a type that must be zero. */
function wideOffset(m: Machine, selector: Bits<16>, low: Bits<64>, code: Bits<32>): Bits<64> {
  const address = entryAddress(m, selector, 'GP', code, 16)
  const high = m.loadLinear(m.add(address, m.constant(8, 64)), 64, 'processor')
  m.when(m.not(m.isZero(m.and(m.shiftRight(high, m.constant(40, 64)), m.constant(0x1f, 64)))), () =>
    m.fault('GP', code),
  )
  return m.or(low, m.shiftLeft(high, m.constant(32, 64)))
}

/** The code segment behind a gate: at most as privileged as now, for a JMP not more unless it conforms. */
function checkTarget(m: Machine, kind: 'jump' | 'call', gate: Gate): Target {
  const { selector } = gate
  m.when(isNull(m, selector), () => m.fault('GP', m.constant(0, 32)))
  const code = selectorCode(m, selector)
  const descriptor = readDescriptor(m, selector, 'GP', code)
  const { raw } = descriptor
  const [cpl, dpl] = [m.get('CPL'), dplOf(m, raw)]
  const reachable = m.and(isCode(m, raw), m.not(m.below(cpl, dpl)))
  const same = m.or(isConforming(m, raw), m.equal(dpl, cpl))
  m.when(m.not(kind === 'jump' ? m.and(reachable, same) : reachable), () => m.fault('GP', code))
  if (inIa32e(m)) m.when(m.or(m.not(isLong(m, raw)), isBig(m, raw)), () => m.fault('GP', code))
  m.when(m.not(present(m, raw)), () => m.fault('NP', code))
  checkAccessed(m, descriptor)
  return { gate, descriptor, raw }
}

/** The last thing that is asked, once there is room on the stack: whether the offset lies in the segment. */
function checkEntry(m: Machine, { gate: { offset }, raw }: Target): void {
  const outside = inIa32e(m) ? m.not(isCanonical(m, offset)) : m.below(m.zeroExtend(limitOf(m, raw), 64), offset)
  m.when(outside, () => m.fault('GP', m.constant(0, 32)))
}

function enter(m: Machine, { gate, descriptor, raw }: Target, level: Bits<8>): void {
  markAccessed(m, descriptor)
  setSegment(m, 'CS', m.or(m.and(gate.selector, m.constant(0xfffc, 16)), m.zeroExtend(level, 16)), raw)
  m.set('CPL', level)
  m.jump(gate.offset)
}

/** CS and the return offset in slots of the gate's size. */
function pushReturn(m: Machine, target: Target): void {
  const slots =
    <W extends 16 | 32 | 64>(size: W) =>
    () => {
      const bottom = wrapped(m, m.sub(stackPointer(m), m.constant(size / 4, 64)))
      m.check('SS', bottom, size / 4, 'write')
      checkEntry(m, target)
      const finish = prepareFarCall(m, { level: m.get('CPL'), inner: m.constant(0, 1), isLong: inIa32e(m) })
      push(m, m.zeroExtend(m.get('CS.selector'), size))
      push(m, m.truncate(m.nextRip(), size))
      finish()
    }
  if (inIa32e(m)) slots(64)()
  else m.when(target.gate.wide, slots(32), slots(16))
}

function callInner(m: Machine, target: Target, level: Bits<8>): void {
  if (inIa32e(m)) callInnerLong(m, target, level)
  else callInnerLegacy(m, target, level)
}

/** In IA-32e mode: RSP from the TSS, a null SS, four slots of eight bytes, no parameters. */
function callInnerLong(m: Machine, target: Target, level: Bits<8>): void {
  const slot = m.add(m.shiftLeft(m.zeroExtend(level, 32), m.constant(3, 32)), m.constant(4, 32))
  const top = readLongStack(m, slot, m.constant(0, 32), (address) => isCanonical(m, address))
  const at = (bytes: number) => m.sub(top, m.constant(bytes, 64))
  m.when(m.not(isCanonical(m, at(32))), () => m.fault('SS', m.constant(0, 32)))
  checkEntry(m, target)
  m.checkLinear(at(32), 32, 'write', 'processor')
  const finish = prepareFarCall(m, { level, inner: m.constant(1, 1), isLong: true })
  const values = [
    m.zeroExtend(m.get('SS.selector'), 64),
    m.read(gpr('RSP', 64)),
    m.zeroExtend(m.get('CS.selector'), 64),
    m.nextRip(),
  ]
  for (const [index, value] of values.entries()) m.storeLinear(at((index + 1) * 8), value, 'processor')
  finish()
  m.write(gpr('RSP', 64), at(32))
  setNull(m, 'SS', m.zeroExtend(level, 16))
  m.set('SS.access', m.or(m.constant(1 << 16, 32), m.shiftLeft(m.zeroExtend(level, 32), m.constant(5, 32))))
  enter(m, target, level)
}

/** Does something for every index below a count. */
function upTo(m: Machine, count: Bits<32>, each: (index: Bits<32>) => void): void {
  const index = m.variable(m.constant(0, 32))
  m.loop(
    () => m.below(index.get(), count),
    () => {
      each(index.get())
      index.set(m.add(index.get(), m.constant(1, 32)))
    },
  )
}

/** Old SS and ESP, the parameters the gate counts, then CS and EIP, on the inner level's stack. */
function callInnerLegacy(m: Machine, target: Target, level: Bits<8>): void {
  const stack = readInnerStack(m, level, m.constant(0, 32))
  const { raw } = stack.descriptor
  const segment = { base: baseOf(m, raw), limit: limitOf(m, raw), access: accessOf(m, raw) }
  const frame = (size: 16 | 32) => () => {
    const bytes = m.constant(size / 8, 32)
    const count = m.truncate(target.gate.parameters, 32)
    const slots = m.add(count, m.constant(4, 32))
    const all = m.mul(slots, bytes)
    checkRoom(m, segment, stack.pointer, all, selectorCode(m, stack.selector))
    checkEntry(m, target)
    const slot = (index: Bits<32>) => slotOn(m, segment, stack.pointer, m.sub(all, m.mul(index, bytes)))
    const old = stackPointer(m)
    const parameter = (index: Bits<32>) => {
      const from = wrapped(m, m.add(old, m.zeroExtend(m.mul(index, bytes), 64)))
      return m.zeroExtend(m.load('SS', from, size), 32)
    }
    // a parameter that cannot be read, or a slot that cannot be written, leaves nothing behind
    upTo(m, count, (index) => void parameter(index))
    upTo(m, slots, (index) => m.checkLinear(slot(index), size / 8, 'write', 'processor'))
    const finish = prepareFarCall(m, { level, inner: m.constant(1, 1), isLong: false })
    const put = (index: Bits<32>, value: Bits<32>) => m.storeLinear(slot(index), m.truncate(value, size), 'processor')
    put(m.constant(0, 32), m.truncate(m.nextRip(), 32))
    put(m.constant(1, 32), m.zeroExtend(m.get('CS.selector'), 32))
    upTo(m, count, (index) => put(m.add(index, m.constant(2, 32)), parameter(index)))
    put(m.add(count, m.constant(2, 32)), m.read(gpr('RSP', 32)))
    put(m.add(count, m.constant(3, 32)), m.zeroExtend(m.get('SS.selector'), 32))
    finish()
    m.write(gpr('RSP', 32), lowered(m, segment, stack.pointer, all))
  }
  m.when(target.gate.wide, frame(32), frame(16))
  markAccessed(m, stack.descriptor)
  setSegment(m, 'SS', stack.selector, stack.descriptor.raw)
  enter(m, target, level)
}
