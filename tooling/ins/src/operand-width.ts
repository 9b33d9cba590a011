import type { OperandSize } from '@vmm/x86-opcodes'

/** Bits of an operand at an operand size, and with vectors of some length. */
export function widthOf(of: OperandSize, size: 16 | 32 | 64, length = 0): number {
  if (typeof of === 'number') return of
  if (of === 'v') return size
  if (of === 'x') return length
  if (of === 'x2' || of === 'x4' || of === 'x8') return length / Number(of.slice(1))
  if (of !== 'y' && of !== 'z') throw new Error(`no case is made of operands of this size: ${of}`)
  return of === 'z' ? Math.min(size, 32) : Math.max(size, 32)
}
