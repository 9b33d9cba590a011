import type { Asker, Bits, Machine } from '../algebra.ts'
import { gpr } from '../operand.ts'
import { accessOf, baseOf, limitOf, markAccessed, setNull, setSegment } from './descriptor.ts'
import { type InnerStack, readInnerStack } from './inner-stack.ts'
import { checkRoom, lowered, type StackSegment, slotOn } from './stack-room.ts'

/** What the frame of an event holds beside where it came from. */
export interface FrameContents {
  /** EXT of the error codes of what goes wrong. */
  readonly external: Bits<32>
  readonly hasCode: Bits<1>
  readonly code: Bits<32>
  readonly returnRip: Bits<64>
}

const dataSegments = ['GS', 'FS', 'DS', 'ES'] as const

/** EFLAGS, CS and EIP, from the top down. */
const always = (m: Machine, { returnRip }: FrameContents): Bits<32>[] => [
  m.truncate(m.rflags(), 32),
  m.zeroExtend(m.get('CS.selector'), 32),
  m.truncate(returnRip, 32),
]

interface Pushing {
  readonly stack: StackSegment
  readonly top: Bits<32>
  readonly asker: Asker
  /** 32-bit slots or 16-bit ones: known at run time. */
  readonly wide: Bits<1>
  readonly refusal: Bits<32>
}

/** Pushes a frame of protected mode on the stack in use. Source: SDM 2A, INT n, Operation, INTRA-PRIVILEGE-LEVEL-INTERRUPT. */
export function frameOnThisStack(m: Machine, event: FrameContents, wide: Bits<1>, ready: () => () => void): void {
  const stack = { base: m.get('SS.base'), limit: m.get('SS.limit'), access: m.get('SS.access') }
  const { stackSize } = m.mode
  const top = m.zeroExtend(m.read(gpr('RSP', stackSize)), 32)
  const pushing: Pushing = { stack, top: m.truncate(top, 32), asker: 'program', wide, refusal: event.external }
  push(m, event, pushing, always(m, event), ready, (down) =>
    m.write(gpr('RSP', stackSize), m.truncate(down, stackSize)),
  )
}

/**
 * Pushes a frame on the stack of an inner level, and takes that stack; from virtual-8086 mode the data segments go first.
 * Source: SDM 2A, INT n, Operation, INTER-PRIVILEGE-LEVEL-INTERRUPT and INTERRUPT-FROM-VIRTUAL-8086-MODE.
 */
export function frameOnInnerStack(
  m: Machine,
  event: FrameContents,
  wide: Bits<1>,
  level: Bits<8>,
  ready: () => () => void,
): void {
  const inner: InnerStack = readInnerStack(m, level, event.external)
  const { raw } = inner.descriptor
  const stack = { base: baseOf(m, raw), limit: limitOf(m, raw), access: accessOf(m, raw) }
  const virtual = m.mode.execution === 'virtual-8086'
  const values = [
    ...(virtual ? dataSegments.map((name) => m.zeroExtend(m.get(`${name}.selector`), 32)) : []),
    m.zeroExtend(m.get('SS.selector'), 32),
    m.read(gpr('RSP', 32)),
    ...always(m, event),
  ]
  const refusal = m.or(m.and(m.zeroExtend(inner.selector, 32), m.constant(0xfffc, 32)), event.external)
  const pushing: Pushing = { stack, top: inner.pointer, asker: 'processor', wide, refusal }
  push(m, event, pushing, values, ready, (down) => m.write(gpr('RSP', 32), down))
  markAccessed(m, inner.descriptor)
  setSegment(m, 'SS', inner.selector, raw)
  if (virtual) for (const name of dataSegments) setNull(m, name, m.constant(0, 16))
}

/** Checks that there is room, then everything else that may fault, then pushes: also what `ready` gives to be done. */
function push(
  m: Machine,
  { hasCode, code }: FrameContents,
  { stack, top, asker, wide, refusal }: Pushing,
  values: readonly Bits<32>[],
  ready: () => () => void,
  finish: (down: Bits<32>) => void,
): void {
  const slots = m.add(m.constant(values.length, 32), m.zeroExtend(hasCode, 32))
  const bytes = m.shiftLeft(slots, m.select(wide, m.constant(2, 32), m.constant(1, 32)))
  checkRoom(m, stack, top, bytes, refusal)
  const check = (slotBytes: 2 | 4) => () => {
    const slot = (nth: number) => slotOn(m, stack, top, m.constant(nth * slotBytes, 32))
    const lowest = slotOn(m, stack, top, bytes)
    m.checkLinear(lowest, slotBytes, 'write', asker)
    m.checkLinear(slot(1), slotBytes, 'write', asker)
    // slots wrap one by one: the first and the last lie in all the pages there are, unless one between them lies astride
    m.when(m.below(slot(1), lowest), () => {
      for (let nth = 2; nth <= values.length; nth++) m.checkLinear(slot(nth), slotBytes, 'write', asker)
    })
  }
  m.when(wide, check(4), check(2))
  const finishShadow = ready()
  const write = (size: 16 | 32) => () => {
    const put = (index: number, value: Bits<32>) =>
      m.storeLinear(slotOn(m, stack, top, m.constant((index + 1) * (size / 8), 32)), m.truncate(value, size), asker)
    for (const [index, value] of values.entries()) put(index, value)
    m.when(hasCode, () => put(values.length, code))
  }
  m.when(wide, write(32), write(16))
  finishShadow()
  finish(lowered(m, stack, top, bytes))
}
