import type { Bits, Machine } from '../algebra.ts'
import { indefinite, invalidIsMasked, isInUse, status } from './stack.ts'
import { x87Number } from './x87-number.ts'
import type { X87Format, X87Operation } from './x87-operations.rows.ts'

/** A float80, or up to 80 bits of memory. */
export interface Value {
  readonly significand: Bits<64>
  readonly signExponent: Bits<16>
}

/** What an operation came to. */
export interface Answer extends Value {
  /** FXTRACT, FPTAN and FSINCOS have a second result, which is pushed. */
  readonly second: Value
  /** Exceptions and condition codes at their places in FSW. */
  readonly status: Bits<16>
  /** No unmasked exception keeps the result from its destination, and the stack from moving. */
  readonly written: Bits<1>
}

/** A register's content. */
export function contentOf(m: Machine, physical: Bits<8>): Value {
  return { significand: m.x87Significand(physical), signExponent: m.x87SignExponent(physical) }
}

/** Up to 64 bits of memory, as the operand of an operation. */
export function memoryValue(m: Machine, bits: Bits<64>): Value {
  return { significand: bits, signExponent: m.constant(0, 16) }
}

/** Asks for an operation on `a` (the destination) and `b` (the source, in its format), under FCW. */
export function compute(m: Machine, operation: X87Operation, a: Value, b: Value, format?: X87Format): Answer {
  const [significand, signExponent, secondSignificand, secondSignExponent, raised, written] = m.host(
    'x87',
    m.constant(x87Number(operation, format), 32),
    a.significand,
    a.signExponent,
    b.significand,
    b.signExponent,
    m.get('FCW'),
  )
  const second = { significand: secondSignificand, signExponent: secondSignExponent }
  return { significand, signExponent, second, status: raised, written: m.bit(written, 0) }
}

/** What a stack fault gives: the response if it is masked, and what it raises. */
export interface Fault {
  readonly when: Bits<1>
  readonly raises: number
}

/** One of these registers is empty: C1 stays clear. SDM 1 §8.5.1.1. */
export function underflow(m: Machine, sources: readonly Bits<8>[], codes = 0): Fault {
  const inUse = sources.map((physical) => isInUse(m, physical)).reduce((all, each) => m.and(all, each))
  return { when: m.not(inUse), raises: status.IE | status.SF | codes }
}

/** There is no room for a push: C1 is set. */
export function overflow(m: Machine, next: Bits<8>): Fault {
  return { when: isInUse(m, next), raises: status.IE | status.SF | status.C1 }
}

/** The operation's answer, or that of the first stack fault: `instead`, which is the real indefinite unless it is said. */
export function unlessFault(
  m: Machine,
  faults: readonly Fault[],
  run: () => Answer,
  instead: { readonly significand: bigint; readonly signExponent: number } = indefinite,
): Answer {
  const significands = [m.constant(instead.significand, 64), m.constant(instead.significand, 64)].map(m.variable)
  const signExponents = [m.constant(instead.signExponent, 16), m.constant(instead.signExponent, 16)].map(m.variable)
  const raised = m.variable(m.constant(0, 16))
  const written = m.variable(invalidIsMasked(m))
  const attempt = (index: number): void => {
    const fault = faults[index]
    if (fault !== undefined) {
      const next = () => attempt(index + 1)
      return m.when(fault.when, () => raised.set(m.constant(fault.raises, 16)), next)
    }
    const answer = run()
    ;[answer, answer.second].forEach(({ significand, signExponent }, which) => {
      significands[which]!.set(significand)
      signExponents[which]!.set(signExponent)
    })
    raised.set(answer.status)
    written.set(answer.written)
  }
  attempt(0)
  const value = (which: number): Value => ({
    significand: significands[which]!.get(),
    signExponent: signExponents[which]!.get(),
  })
  return { ...value(0), second: value(1), status: raised.get(), written: written.get() }
}
