import { type VmcsField, vmcsPlaces } from '../vmcs/vmcs-field.ts'
import type { VmcsValues } from '../vmcs/vmcs-layout.ts'

/** A whole number by chance, from 0 to below another, which is at most 2 to the 32nd. */
export type RandomBelow = (below: number) => number

const fields = vmcsPlaces.map(({ field }) => field)
/** Where something ends: of bits, of pages, of addresses. */
const edges = [0n, 1n, 2n, 3n, 0x8000_0000n, 0x1000n, 0xffff_ffffn, 1n << 46n, 1n << 47n, 1n << 48n, ~0n] as const

/**
 * A field of a VMCS with another value, for fuzzers: a bit flipped, a value that is one at some edge, or any. `among`: the fields that may be;
 * all unless told.
 */
export function mutatedField(
  before: VmcsValues,
  random: RandomBelow,
  among: readonly VmcsField[] = fields,
): readonly [field: VmcsField, value: bigint] {
  const field = among[random(among.length)]!
  const how = random(4)
  if (how === 0) return [field, BigInt.asUintN(64, edges[random(edges.length)]!)]
  if (how === 1) return [field, (BigInt(random(2 ** 32)) << 32n) | BigInt(random(2 ** 32))]
  return [field, (before[field] ?? 0n) ^ (1n << BigInt(random(how === 2 ? 64 : 18)))]
}
