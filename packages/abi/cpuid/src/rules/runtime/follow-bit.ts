import type { CpuidAnswer, CpuidTable } from '../../entry.ts'
import { amended, bitOf, placeOfLeaf, placeOfSubleaf, withBit } from '../kernel-lookup.ts'
import type { RuntimeUpdate } from './runtime-state.ts'

/** A bit of a table that a bit of a register decides. */
export interface FollowingBit {
  readonly leaf: number
  /** Left out for a leaf without sub-leaves. */
  readonly index?: number
  readonly register: keyof CpuidAnswer
  readonly bit: number
}

/** The table with a bit as the register has it; as the vCPU's current table has it where the register is not known. */
export function followBit(
  { table, shown, lookup }: RuntimeUpdate,
  { leaf, index, register, bit }: FollowingBit,
  decides: bigint | undefined,
  bitOfRegister: number,
): CpuidTable {
  const place = (of: CpuidTable) =>
    index === undefined ? placeOfLeaf(of, leaf, lookup) : placeOfSubleaf(of, leaf, index, lookup)
  const at = place(table)
  const found = table[at]
  if (found === undefined) return table
  const current = decides === undefined ? shown[place(shown)] : undefined
  if (decides === undefined && current === undefined) return table
  const on = decides === undefined ? bitOf(current?.[register] ?? 0, bit) : bitOf(decides, bitOfRegister)
  return bitOf(found[register], bit) === on
    ? table
    : amended(table, at, { [register]: withBit(found[register], bit, on) })
}
