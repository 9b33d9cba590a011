import { type HypercallName, type HypercallRow, hypercalls } from './hypercalls.rows.ts'
import type { HypercallMode, HypercallRegisters } from './registers.ts'

/** A hypercall of KVM's own interface, as the guest made it. */
export interface Hypercall extends HypercallMode {
  /** The whole of RAX, whatever the mode. */
  readonly rax: bigint
  readonly number: bigint
  readonly arguments: readonly [bigint, bigint, bigint, bigint]
}

/** The row of a number, or `undefined` when KVM never gave it out. */
export function hypercallNumbered(number: bigint | number): HypercallRow | undefined {
  return hypercalls.find((row) => BigInt(row.number) === BigInt(number))
}

/** The number of a hypercall. */
export function numberOf(name: HypercallName): number {
  return hypercalls.find((row) => row.name === name)!.number
}

/**
 * Reads a hypercall out of the registers; outside 64-bit mode only their low halves count.
 *
 * Source: Documentation/virt/kvm/x86/hypercalls.rst; catalogue `hc-registers`.
 */
export function decodeHypercall(
  { rax, rbx, rcx, rdx, rsi }: Pick<HypercallRegisters, 'rax' | 'rbx' | 'rcx' | 'rdx' | 'rsi'>,
  mode: HypercallMode,
): Hypercall {
  const cut = (value: bigint) => BigInt.asUintN(mode.width, value)
  return { rax, number: cut(rax), arguments: [cut(rbx), cut(rcx), cut(rdx), cut(rsi)], ...mode }
}

/** What RAX gets for a result: a negative number, an error; zero-extended from 32 bits outside 64-bit mode. */
export function returnValue({ width }: Pick<HypercallMode, 'width'>, result: bigint | number): bigint {
  return BigInt.asUintN(width, BigInt(result))
}
