import type { Bits, Machine, Width } from '../algebra.ts'
import type { Immediate, Operand, Place } from '../operand.ts'
import { requireMmx, requireSse } from '../system/fpu-availability.ts'
import { raisePending } from '../x87/stack.ts'

export type Vector = Operand<64 | 128>
export type VectorPlace = Place<64 | 128>

const usesMmx = (operand: { readonly kind: string; readonly file?: string }): boolean =>
  operand.kind === 'register' && operand.file === 'mmx'

/** MMX instructions mark every x87 register in use and put TOP at 0. SDM 1 §9.5.1. */
export function touchMmx(m: Machine): void {
  m.set('FSW', m.and(m.get('FSW'), m.constant(0xc7ff, 16)))
  m.set('FTW', m.constant(0xff, 8))
}

/** The prologue of an MMX or SSE instruction, by the registers it names. */
export function begin(m: Machine, ...operands: readonly Operand<Width>[]): void {
  if (!operands.some(usesMmx)) return requireSse(m)
  requireMmx(m)
  raisePending(m)
  if (operands.some((operand) => operand.width === 128)) requireSse(m)
}

/** What an MMX instruction does to the x87 state, once it can no longer fault. */
export function end(m: Machine, ...operands: readonly Operand<Width>[]): void {
  if (operands.some(usesMmx)) touchMmx(m)
}

/** 128-bit memory operands lie on a 16-byte boundary, or it is #GP(0). SDM 1 §4.1.1. */
export function aligned<W extends Width>(m: Machine, operand: Operand<W>): Operand<W> {
  if (operand.kind === 'memory' && operand.width === 128) {
    const linear = m.linear('operand', m.address(operand))
    m.when(m.not(m.isZero(m.and(linear, m.constant(15, 64)))), () => m.fault('GP', m.constant(0, 32)))
  }
  return operand
}

/** An operand's value as 128 bits, zeros above. */
export function read128(m: Machine, operand: Vector): Bits<128> {
  return m.zeroExtend(m.read(operand), 128)
}

/** Writes as much of a 128-bit value as the place holds. */
export function write128(m: Machine, to: VectorPlace, value: Bits<128>): void {
  m.write(to, m.truncate(value, to.width))
}

/** Two 64-bit halves as one vector. */
export function join(m: Machine, low: Bits<128>, high: Bits<128>): Bits<128> {
  return m.vector.withLane(64, low, 1, m.vector.lane(64, high, 0))
}

/** A known immediate as a number. */
export const known = (immediate: Immediate<8>): number => Number(immediate.value ?? 0n)

export const zero128 = (m: Machine): Bits<128> => m.vector.splat(64, m.constant(0, 64))

/** The pattern of a shuffle, byte by byte. */
export const bytewise = (of: (index: number) => number): number[] => Array.from({ length: 16 }, (_, index) => of(index))
