import { inveptTypes, invvpidTypes } from './invalidation-types.rows.ts'

/** A type of INVEPT. */
export type InveptType = keyof typeof inveptTypes
/** A type of INVVPID. */
export type InvvpidType = keyof typeof invvpidTypes

type Rows<Name extends string> = Readonly<Record<Name, readonly [type: number, capability: number, says: string]>>

/** What INVEPT is asked for; nothing where IA32_VMX_EPT_VPID_CAP does not tell of that type: VMfail 28. */
export function inveptTypeOf(type: bigint, eptVpidCap: bigint): InveptType | undefined {
  return offeredType<InveptType>(inveptTypes, 20n, type, eptVpidCap)
}

/** What INVVPID is asked for; nothing where IA32_VMX_EPT_VPID_CAP does not tell of that type: VMfail 28. */
export function invvpidTypeOf(type: bigint, eptVpidCap: bigint): InvvpidType | undefined {
  return offeredType<InvvpidType>(invvpidTypes, 32n, type, eptVpidCap)
}

function offeredType<Name extends string>(rows: Rows<Name>, instruction: bigint, type: bigint, told: bigint) {
  const isTold = (at: bigint): boolean => ((told >> at) & 1n) !== 0n
  const names = Object.keys(rows) as Name[]
  return names.find((name) => BigInt(rows[name][0]) === type && isTold(instruction) && isTold(BigInt(rows[name][1])))
}
