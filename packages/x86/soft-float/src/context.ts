import { allMasked } from './flags.ts'

/** The rounding control's four ways: to nearest (ties to even), toward −∞, toward +∞, toward zero. */
export type Rounding = 'nearest' | 'down' | 'up' | 'zero'

/** What every operation needs to know. `masks` has the flags' bits: 1 is masked. */
export interface RoundingContext {
  readonly rounding: Rounding
  readonly masks: number
}

/** What MXCSR says to an operation. Source: SDM 1 §10.2.3. */
export interface SseContext extends RoundingContext {
  /** FTZ: a tiny result becomes zero where underflow is masked. */
  readonly flushToZero: boolean
  /** DAZ: denormal operands are read as zeros, without DE. */
  readonly denormalsAreZero: boolean
}

/** What the x87 control word says to an operation. Source: SDM 1 §8.1.5. */
export interface X87Context extends RoundingContext {
  /** Bits of significand that FADD, FSUB, FMUL, FDIV and FSQRT round to. */
  readonly precision: 24 | 53 | 64
}

const roundings = ['nearest', 'down', 'up', 'zero'] as const
const precisions = [24, 64, 53, 64] as const

/** The way that two bits of rounding control mean (MXCSR.RC, FCW.RC, ROUNDPS's imm8[1:0]). Other bits are ignored. */
export function roundingOf(control: number): Rounding {
  return roundings[control & 3]!
}

/** Reads MXCSR. */
export function sseContext(mxcsr: number): SseContext {
  return {
    rounding: roundingOf(mxcsr >> 13),
    masks: (mxcsr >> 7) & allMasked,
    flushToZero: (mxcsr & 0x8000) !== 0,
    denormalsAreZero: (mxcsr & 0x40) !== 0,
  }
}

/** Reads the x87 control word. The reserved precision control 01 means 64 bits here. */
export function x87Context(fcw: number): X87Context {
  return { rounding: roundingOf(fcw >> 10), masks: fcw & allMasked, precision: precisions[(fcw >> 8) & 3]! }
}
