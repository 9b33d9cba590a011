import type { Rule } from '@vmm/rule'

/** KVM_REGISTER_COALESCED_MMIO or KVM_UNREGISTER_COALESCED_MMIO. */
export interface CoalescedZone {
  readonly addr: bigint
  readonly size: number
  /** 1 for ports. */
  readonly pio: number
}

/** A refusal of them. */
export type CoalescedRule = Rule<CoalescedZone>

/** A page of addresses. */
export const aZone: CoalescedZone = { addr: 0x1000n, size: 0x1000, pio: 0 }

/** Whether a zone has all of a stretch. */
export function covers({ addr, size }: CoalescedZone, address: bigint, bytes: bigint): boolean {
  const end = address + bytes
  return BigInt.asUintN(64, end) === end && address >= addr && end <= addr + BigInt(size)
}
