import type { Rule } from '@vmm/rule'

/** `struct kvm_userspace_memory_region`, as far as every release has it. */
export interface MemoryRegion {
  /** The slot in the low half, the address space in the high one. */
  readonly slot: number
  readonly flags: number
  readonly guest_phys_addr: bigint
  readonly memory_size: bigint
  readonly userspace_addr: bigint
}

/** A slot that a VM has. */
export interface Memslot extends MemoryRegion {
  readonly memory_size: bigint
}

/** KVM_SET_USER_MEMORY_REGION on a VM. */
export interface MemoryRegionCase {
  readonly region: MemoryRegion
  /** The slots there are, of all address spaces. */
  readonly slots: readonly Memslot[]
  /** How many address spaces there are: 2 with SMM. */
  readonly addressSpaces: number
  /** Slots of an address space, the kernel's own included. */
  readonly slotsOfSpace: number
}

/** A refusal of that call. */
export type MemoryRegionRule = Rule<MemoryRegionCase>

export const memLogDirtyPages = 1
export const memReadonly = 2
const pageMask = 0xfffn

/** Whether an address or a size is that of whole pages. */
export const isPaged = (value: bigint): boolean => (value & pageMask) === 0n

/** The slot that a region is about, where there is one. */
export function slotOf({ region, slots }: MemoryRegionCase): Memslot | undefined {
  return slots.find(({ slot }) => slot === region.slot)
}

/** One page at 4000H, in a VM without memory. */
export const onePage: MemoryRegionCase = {
  region: { slot: 0, flags: 0, guest_phys_addr: 0x4000n, memory_size: 0x1000n, userspace_addr: 0x7f00_0000_0000n },
  slots: [],
  addressSpaces: 2,
  slotsOfSpace: 32_767,
}

/** The same with other fields in the region. */
export function withRegion(fields: Partial<MemoryRegion>, slots: readonly Memslot[] = []): MemoryRegionCase {
  return { ...onePage, region: { ...onePage.region, ...fields }, slots }
}
