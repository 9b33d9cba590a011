import { sdm } from '@vmm/source'
import type { Bits, Machine } from '../algebra.ts'
import { type Instruction, instruction } from '../instruction.ts'
import { isCanonical } from '../integer/control.ts'
import { gpr, type Operand } from '../operand.ts'
import { procedure } from '../procedure.ts'
import { hasShadowStack, mayEnforce } from './control-flow.ts'
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
  selectorCode,
  setNull,
  setSegment,
} from './descriptor.ts'
import { readLongStack } from './inner-stack.ts'
import { type FrameContents, frameOnInnerStack, frameOnThisStack } from './legacy-frame.ts'
import { exitReason, mayExit } from './non-root.ts'
import { linearIn, ownPointer, prepareFarEntry } from './shadow-stack.ts'
import { switchKind, switchThroughGate, taskType } from './task-switch.ts'
import { virtualInterrupt } from './virtual-8086.ts'

/** How an event came about. Source: SDM 3A §6.12.1.3 and §6.13: software events obey the gate's DPL and set no EXT bit. */
export const eventKind = { exception: 0, software: 1, external: 2, trap: 3 } as const

/** EXT is 1 unless the event is software's. */
interface Event extends FrameContents {
  readonly vector: Bits<8>
  readonly software: Bits<1>
}

/** Error code of a fault that concerns an IDT entry: the vector, IDT and EXT. */
function idtCode(m: Machine, { vector, external }: Event): Bits<32> {
  const index = m.shiftLeft(m.zeroExtend(vector, 32), m.constant(3, 32))
  return m.or(m.or(index, m.constant(2, 32)), external)
}

/** Delivery through the interrupt vector table. SDM 3B §21.1.4. */
function deliverReal(m: Machine, event: Event): void {
  const entry = m.zeroExtend(m.shiftLeft(m.zeroExtend(event.vector, 16), m.constant(2, 16)), 32)
  const past = m.below(m.get('IDTR.limit'), m.add(entry, m.constant(3, 32)))
  m.when(past, () => m.fault('GP', idtCode(m, event)))
  const at = m.add(m.get('IDTR.base'), m.zeroExtend(entry, 64))
  const offset = m.loadLinear(at, 16, 'processor')
  const selector = m.loadLinear(m.add(at, m.constant(2, 64)), 16, 'processor')
  const flags = m.rflags()
  const top = m.read(gpr('RSP', m.mode.stackSize))
  const below = (bytes: number) => m.zeroExtend(m.sub(top, m.constant(bytes, m.mode.stackSize)), 64)
  m.check('SS', below(6), 6, 'write')
  m.store('SS', below(2), m.truncate(flags, 16))
  m.store('SS', below(4), m.get('CS.selector'))
  m.store('SS', below(6), m.truncate(event.returnRip, 16))
  m.write(gpr('RSP', m.mode.stackSize), m.sub(top, m.constant(6, m.mode.stackSize)))
  // RF does not fit into the image: whoever set it for that has set it for nothing
  clearFlags(m, flags, m.constant((1n << 9n) | (1n << 8n) | (1n << 16n) | (1n << 18n), 64))
  m.set('CS.selector', selector)
  m.set('CS.base', m.shiftLeft(m.zeroExtend(selector, 64), m.constant(4, 64)))
  m.jump(m.zeroExtend(offset, 64))
}

function clearFlags(m: Machine, flags: Bits<64>, mask: Bits<64>): void {
  m.setRflags(m.and(flags, m.not(mask)))
}

/** A gate as data. SDM 3A §6.11 Figure 6-2, §6.14.1 Figure 6-8. */
interface Gate {
  readonly raw: Bits<64>
  readonly high: Bits<64>
}

function readGate(m: Machine, event: Event): Gate {
  const long = isLongDelivery(m)
  const size = long ? 16 : 8
  const offset = m.mul(m.zeroExtend(event.vector, 32), m.constant(size, 32))
  const past = m.below(m.get('IDTR.limit'), m.add(offset, m.constant(size - 1, 32)))
  m.when(past, () => m.fault('GP', idtCode(m, event)))
  const at = m.add(m.get('IDTR.base'), m.zeroExtend(offset, 64))
  const raw = m.loadLinear(at, 64, 'processor')
  const high = long ? m.loadLinear(m.add(at, m.constant(8, 64)), 64, 'processor') : m.constant(0, 64)
  checkGate(m, event, raw, long)
  return { raw, high }
}

const isLongDelivery = (m: Machine): boolean => m.mode.execution === 'long' || m.mode.execution === 'compatibility'

const gateType = (m: Machine, raw: Bits<64>): Bits<8> => m.and(m.extract(raw, 40, 8), m.constant(0x1f, 8))

function checkGate(m: Machine, event: Event, raw: Bits<64>, long: boolean): void {
  const type = gateType(m, raw)
  const is = (value: number) => m.equal(type, m.constant(value, 8))
  const wide = m.or(is(14), is(15))
  const valid = long ? wide : m.or(m.or(wide, is(taskType.gate)), m.or(is(6), is(7)))
  m.when(m.not(valid), () => m.fault('GP', idtCode(m, event)))
  const cpl = m.mode.execution === 'virtual-8086' ? m.constant(3, 8) : m.get('CPL')
  m.when(m.and(event.software, m.below(dplOf(m, raw), cpl)), () => m.fault('GP', idtCode(m, event)))
  m.when(m.not(present(m, raw)), () => m.fault('NP', idtCode(m, event)))
}

const gateSelector = (m: Machine, raw: Bits<64>): Bits<16> => m.extract(raw, 16, 16)

function gateOffset(m: Machine, { raw, high }: Gate): Bits<64> {
  const low = m.or(
    m.and(raw, m.constant(0xffff, 64)),
    m.and(m.shiftRight(raw, m.constant(32, 64)), m.constant(0xffff_0000, 64)),
  )
  return m.or(low, m.shiftLeft(high, m.constant(32, 64)))
}

/** The handler's code segment: at most as privileged as now, more only through a stack switch. */
function handlerSegment(m: Machine, event: Event, selector: Bits<16>): { descriptor: Descriptor; level: Bits<8> } {
  m.when(isNull(m, selector), () => m.fault('GP', event.external))
  const code = selectorCode(m, selector, event.external)
  const descriptor = readDescriptor(m, selector, 'GP', code)
  const { raw } = descriptor
  const dpl = dplOf(m, raw)
  const cpl = m.get('CPL')
  m.when(m.or(m.not(isCode(m, raw)), m.below(cpl, dpl)), () => m.fault('GP', code))
  if (isLongDelivery(m)) m.when(m.or(m.not(isLong(m, raw)), isBig(m, raw)), () => m.fault('GP', code))
  m.when(m.not(present(m, raw)), () => m.fault('NP', code))
  checkAccessed(m, descriptor)
  return { descriptor, level: m.select(isConforming(m, raw), cpl, dpl) }
}

/** Interrupt gates clear IF as well; both clear TF, NT, VM and RF. */
function flagsToClear(m: Machine, raw: Bits<64>): Bits<64> {
  const always = (1n << 8n) | (1n << 14n) | (1n << 16n) | (1n << 17n)
  const isTrap = m.bit(raw, 40)
  return m.select(isTrap, m.constant(always, 64), m.constant(always | (1n << 9n), 64))
}

/** Delivery in IA-32e mode: always a 64-bit frame with SS and RSP, on a 16-byte boundary. SDM 3A §6.14. */
function deliverLong(m: Machine, event: Event): void {
  const gate = readGate(m, event)
  const selector = gateSelector(m, gate.raw)
  const { descriptor, level } = handlerSegment(m, event, selector)
  const offset = gateOffset(m, gate)
  const istIndex = m.and(m.extract(gate.raw, 32, 8), m.constant(7, 8))
  const cpl = m.get('CPL')
  const inner = m.below(level, cpl)
  const fromTss = m.or(inner, m.not(m.isZero(istIndex)))
  const top = m.variable(m.read(gpr('RSP', 64)))
  m.when(fromTss, () => {
    const slot = m.select(
      m.isZero(istIndex),
      m.add(m.shiftLeft(m.zeroExtend(level, 32), m.constant(3, 32)), m.constant(4, 32)),
      m.add(m.shiftLeft(m.zeroExtend(istIndex, 32), m.constant(3, 32)), m.constant(28, 32)),
    )
    top.set(readLongStack(m, slot, event.external, (address) => isCanonical(m, address)))
  })
  const checkHandler = () => m.when(m.not(isCanonical(m, offset)), () => m.fault('GP', event.external))
  const shadow = () => shadowFrame(m, event, level, { istIndex, isLong: true })
  pushLongFrame(m, event, m.and(top.get(), m.constant(~15n & (2n ** 64n - 1n), 64)), checkHandler, shadow)
  m.when(inner, () => {
    setNull(m, 'SS', m.zeroExtend(level, 16))
    m.set('SS.access', m.or(m.constant(1 << 16, 32), m.shiftLeft(m.zeroExtend(level, 32), m.constant(5, 32))))
  })
  clearFlags(m, m.rflags(), flagsToClear(m, gate.raw))
  markAccessed(m, descriptor)
  setSegment(m, 'CS', m.or(m.and(selector, m.constant(0xfffc, 16)), m.zeroExtend(level, 16)), descriptor.raw)
  m.set('CPL', level)
  m.jump(offset)
}

interface Shadow {
  readonly istIndex: Bits<8>
  readonly isLong: boolean
}

/** An event's frame on the shadow stack: of an inner level, or of the interrupt stack table, another one. SDM 3A §6.14.5. */
function shadowFrame(m: Machine, event: Event, level: Bits<8>, { istIndex, isLong }: Shadow): () => void {
  if (!mayEnforce(m)) return () => {}
  const inner = m.below(level, m.get('CPL'))
  const fromTable = m.not(m.isZero(istIndex))
  const token = m.variable(ownPointer(m, level))
  m.when(m.and(fromTable, hasShadowStack(m, level)), () => {
    const entry = m.shiftLeft(m.zeroExtend(istIndex, 64), m.constant(3, 64))
    token.set(m.loadLinear(m.add(m.get('IA32_INTERRUPT_SSP_TABLE_ADDR'), entry), 64, 'processor'))
  })
  return prepareFarEntry(m, {
    ...{ level, inner, isLong, token: token.get(), switches: m.or(inner, fromTable) },
    ...{ selector: m.get('CS.selector'), linear: linearIn(m, event.returnRip) },
  })
}

/** SS, RSP, RFLAGS, CS, RIP and the error code, written with the processor's rights; the handler is asked for once there is room. */
function pushLongFrame(
  m: Machine,
  event: Event,
  top: Bits<64>,
  checkHandler: () => void,
  shadow: () => () => void,
): void {
  const flags = m.rflags()
  const at = (bytes: number) => m.sub(top, m.constant(bytes, 64))
  m.when(m.not(isCanonical(m, at(48))), () => m.fault('SS', event.external))
  checkHandler()
  m.checkLinear(at(48), 48, 'write', 'processor')
  const finish = shadow()
  const put = (bytes: number, value: Bits<64>) => m.storeLinear(at(bytes), value, 'processor')
  put(8, m.zeroExtend(m.get('SS.selector'), 64))
  put(16, m.read(gpr('RSP', 64)))
  put(24, flags)
  put(32, m.zeroExtend(m.get('CS.selector'), 64))
  put(40, event.returnRip)
  m.when(event.hasCode, () => put(48, m.zeroExtend(event.code, 64)))
  finish()
  m.write(gpr('RSP', 64), m.select(event.hasCode, at(48), at(40)))
}

/** Delivery in protected mode, to the same or an inner level, through 16- and 32-bit gates. SDM 3A §6.12. */
function deliverProtected(m: Machine, event: Event, taskGate: (event: Event, gate: Gate) => void): void {
  const gate = readGate(m, event)
  m.when(
    m.equal(gateType(m, gate.raw), m.constant(taskType.gate, 8)),
    () => taskGate(event, gate),
    () => deliverThrough(m, event, gate),
  )
}

/** Through an interrupt or trap gate. */
function deliverThrough(m: Machine, event: Event, gate: Gate): void {
  const selector = gateSelector(m, gate.raw)
  const wide = m.bit(gate.raw, 43)
  const { descriptor, level } = handlerSegment(m, event, selector)
  const offset = m.select(wide, gateOffset(m, gate), m.and(gate.raw, m.constant(0xffff, 64)))
  // from virtual-8086 mode the way leads to CPL 0 alone
  if (m.mode.execution === 'virtual-8086')
    m.when(m.not(m.isZero(level)), () => m.fault('GP', selectorCode(m, selector, event.external)))
  const inner = m.below(level, m.get('CPL'))
  const clear = flagsToClear(m, gate.raw)
  const ready = () => {
    const past = m.below(m.zeroExtend(limitOf(m, descriptor.raw), 64), offset)
    m.when(past, () => m.fault('GP', event.external))
    return shadowFrame(m, event, level, { istIndex: m.constant(0, 8), isLong: false })
  }
  m.when(
    inner,
    () => frameOnInnerStack(m, event, wide, level, ready),
    () => frameOnThisStack(m, event, wide, ready),
  )
  clearFlags(m, m.rflags(), clear)
  markAccessed(m, descriptor)
  setSegment(m, 'CS', m.or(m.and(selector, m.constant(0xfffc, 16)), m.zeroExtend(level, 16)), descriptor.raw)
  m.set('CPL', level)
  m.jump(offset)
}

const deliveryParameters = [8, 8, 8, 32, 64] as const
type DeliveryValues = readonly [Bits<8>, Bits<8>, Bits<8>, Bits<32>, Bits<64>]

function deliver(m: Machine, values: DeliveryValues, taskGate: (event: Event, gate: Gate) => void): [] {
  const [vector, kind, hasCode, code, returnRip] = values
  const software = m.equal(kind, m.constant(eventKind.software, 8))
  const event: Event = {
    vector,
    software,
    external: m.select(software, m.constant(0, 32), m.constant(1, 32)),
    hasCode: m.not(m.isZero(hasCode)),
    code,
    returnRip,
  }
  if (m.mode.execution === 'real') deliverReal(m, event)
  else if (isLongDelivery(m)) deliverLong(m, event)
  else deliverProtected(m, event, taskGate)
  m.set('REPEATING', m.constant(0, 8))
  return []
}

/**
 * Delivers an event: (vector, kind, has an error code, error code, offset to return to). A fault inside is a fault of
 * the delivery: whoever called decides about a double fault.
 */
export const deliverEvent = procedure('deliverEvent', deliveryParameters, [], (m, ...values) =>
  deliver(m, values, (event, gate) => {
    const cause = { external: event.external, hasCode: m.zeroExtend(event.hasCode, 8), code: event.code }
    switchThroughGate(m, switchKind.event, gate.raw, event.returnRip, cause)
  }),
)

/** The same, but that it faults before anything has happened where the way leads to another task. */
export const deliverPlainly = procedure('deliverPlainly', deliveryParameters, [], (m, ...values) =>
  deliver(m, values, (event) => m.fault('GP', event.external)),
)

const raise = (m: Machine, vector: Bits<8>, kind: number): void => {
  m.call(deliverEvent, vector, m.constant(kind, 8), m.constant(0, 8), m.constant(0, 32), m.nextRip())
  m.set('UNSTEPPED', m.constant(1, 8))
}

/** An exception of an instruction's own, which the exception bitmap may have leave for L1. Source: SDM 3C §26.2. */
const mayRaise = (m: Machine, vector: number): void => mayExit(m, exitReason.exception, m.constant(vector, 64))

const int = instruction(
  'INT',
  sdm('2A', '3.3', 'INT n/INTO/INT3/INT1—Call to Interrupt Procedure'),
  (m: Machine, vector: Operand<8>) => {
    const number = m.read(vector)
    const throughIdt = () => raise(m, number, eventKind.software)
    if (m.mode.execution === 'virtual-8086') virtualInterrupt(m, number, throughIdt)
    else throughIdt()
  },
)

const int3 = instruction('INT3', sdm('2A', '3.3', 'INT n/INTO/INT3/INT1—Call to Interrupt Procedure'), (m: Machine) => {
  mayRaise(m, 3)
  m.host('breakpoint')
  raise(m, m.constant(3, 8), eventKind.software)
})

const into = instruction('INTO', sdm('2A', '3.3', 'INT n/INTO/INT3/INT1—Call to Interrupt Procedure'), (m: Machine) => {
  m.when(m.flag('OF'), () => {
    mayRaise(m, 4)
    raise(m, m.constant(4, 8), eventKind.software)
  })
})

const int1 = instruction('INT1', sdm('2A', '3.3', 'INT n/INTO/INT3/INT1—Call to Interrupt Procedure'), (m: Machine) => {
  mayRaise(m, 1)
  raise(m, m.constant(1, 8), eventKind.trap)
})

export const softwareEvents: readonly Instruction[] = [int, int3, into, int1]
