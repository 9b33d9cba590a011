import type { Bits, Machine } from '../algebra.ts'

/** A stack segment that is not, or not yet, the one in SS. */
export interface StackSegment {
  readonly base: Bits<64>
  readonly limit: Bits<32>
  readonly access: Bits<32>
}

/** Offsets on a stack wrap at 64 KiB or 4 GiB, by the segment's B bit. */
const wrapOn = (m: Machine, { access }: StackSegment, offset: Bits<32>): Bits<32> =>
  m.and(offset, m.select(m.bit(access, 14), m.constant(0xffff_ffff, 32), m.constant(0xffff, 32)))

/** The stack pointer after `bytes` have been pushed: of a 16-bit stack, its upper half stays. */
export function lowered(m: Machine, stack: StackSegment, top: Bits<32>, bytes: Bits<32>): Bits<32> {
  const kept = m.select(m.bit(stack.access, 14), m.constant(0, 32), m.and(top, m.constant(0xffff_0000, 32)))
  return m.or(kept, wrapOn(m, stack, m.sub(top, bytes)))
}

/** The linear address of the slot `depth` bytes below `top`. */
export function slotOn(m: Machine, stack: StackSegment, top: Bits<32>, depth: Bits<32>): Bits<64> {
  const offset = m.zeroExtend(wrapOn(m, stack, m.sub(top, depth)), 64)
  return m.and(m.add(stack.base, offset), m.constant(0xffff_ffff, 64))
}

/** #SS(code) unless the `bytes` below `top` lie within the segment's limit. Source: SDM 3A §3.4.5.1, §5.3. */
export function checkRoom(m: Machine, stack: StackSegment, top: Bits<32>, bytes: Bits<32>, code: Bits<32>): void {
  const first = m.zeroExtend(wrapOn(m, stack, m.sub(top, bytes)), 64)
  const last = m.sub(m.add(first, m.zeroExtend(bytes, 64)), m.constant(1, 64))
  const limit = m.zeroExtend(stack.limit, 64)
  const highest = m.select(m.bit(stack.access, 14), m.constant(0xffff_ffff, 64), m.constant(0xffff, 64))
  const outsideDown = m.or(m.not(m.below(limit, first)), m.below(highest, last))
  const outside = m.select(m.bit(stack.access, 2), outsideDown, m.below(limit, last))
  m.when(outside, () => m.fault('SS', code))
}
