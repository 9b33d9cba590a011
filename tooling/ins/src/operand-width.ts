import type { OperandSize } from '@vmm/x86-opcodes'

/** Bits of an operand at an operand size. */
export function widthOf(of: OperandSize, size: 16 | 32 | 64): number {
  if (typeof of === 'number') return of
  if (of === 'v') return size
  if (of !== 'y' && of !== 'z') throw new Error(`no case is made of operands of this size: ${of}`)
  return of === 'z' ? Math.min(size, 32) : Math.max(size, 32)
}
