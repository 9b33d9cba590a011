import type { Hypercall } from '../../hypercall.ts'
import type { HypercallName } from '../../hypercalls.rows.ts'
import type { HypercallVerdict } from '../../verdict.ts'
import { type HypercallCase, isCall } from './case.ts'

/** A step that answers one hypercall, where nothing before it has. */
export function answered(
  name: HypercallName,
  verdictOf: (call: Hypercall, made: HypercallCase) => HypercallVerdict,
): (made: HypercallCase) => HypercallCase {
  return (made) =>
    made.verdict === undefined && isCall(made, name) ? { ...made, verdict: verdictOf(made.call, made) } : made
}

/** An APIC ID, of the 32 bits of an argument that count. */
export function apicIdOf(value: bigint): number {
  return Number(BigInt.asUintN(32, value))
}
