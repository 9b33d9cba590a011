import type { Rule } from '@vmm/rule'

/** `struct kvm_userspace_memory_region`, or its successor with what private memory is made of. */
export interface MemoryRegion {
  /** The slot in the low half, the address space in the high one. */
  readonly slot: number
  readonly flags: number
  readonly guest_phys_addr: bigint
  readonly memory_size: bigint
  readonly userspace_addr: bigint
  /** Where in the guest_memfd it begins, with KVM_MEM_GUEST_MEMFD. */
  readonly guest_memfd_offset?: bigint
  readonly guest_memfd?: number
}

/** A slot that a VM has. */
export type Memslot = MemoryRegion

/** What the descriptor of a region's private memory is. */
export type MemfdFacts =
  | { readonly kind: 'not open' }
  /** Another file, or another VM's. */
  | { readonly kind: 'foreign' }
  | { readonly kind: 'memfd'; readonly bytes: bigint; readonly bound: readonly Bound[] }

/** What of a guest_memfd a slot has already, in bytes. */
export interface Bound {
  readonly from: bigint
  readonly to: bigint
}

/** KVM_SET_USER_MEMORY_REGION or KVM_SET_USER_MEMORY_REGION2 on a VM. */
export interface MemoryRegionCase {
  /** Which of the two structs it is. */
  readonly struct: 'first' | 'second'
  readonly region: MemoryRegion
  /** The slots there are, of all address spaces. */
  readonly slots: readonly Memslot[]
  /** How many address spaces there are: 2 with SMM. */
  readonly addressSpaces: number
  /** Slots of an address space that user space can use. */
  readonly userSlots: number
  /** Whether the VM can have private memory. */
  readonly privateMemory: boolean
  /** Where user space ends. */
  readonly userEnd: bigint
  /** The number of the last page that a guest can have. */
  readonly lastPage: bigint
  readonly memfd: MemfdFacts
}

/** A refusal of that call. */
export type MemoryRegionRule = Rule<MemoryRegionCase>

export const memLogDirtyPages = 1
export const memReadonly = 2
export const memGuestMemfd = 4
const pageMask = 0xfffn

/** Whether an address or a size is that of whole pages. */
export const isPaged = (value: bigint): boolean => (value & pageMask) === 0n

/** The slot that a region is about, where there is one. */
export function slotOf({ region, slots }: MemoryRegionCase): Memslot | undefined {
  return slots.find(({ slot }) => slot === region.slot)
}

/** Whether a slot is to be made, with private memory. */
export function bindsMemfd(made: MemoryRegionCase): boolean {
  const { flags, memory_size } = made.region
  return (flags & memGuestMemfd) !== 0 && memory_size !== 0n && slotOf(made) === undefined
}

/** One page at 4000H, in a VM without memory. */
export const onePage: MemoryRegionCase = {
  struct: 'first',
  region: { slot: 0, flags: 0, guest_phys_addr: 0x4000n, memory_size: 0x1000n, userspace_addr: 0x7f00_0000_0000n },
  slots: [],
  addressSpaces: 2,
  userSlots: 32_764,
  privateMemory: false,
  userEnd: 0x7fff_ffff_f000n,
  lastPage: 0xff_ffff_ffffn,
  memfd: { kind: 'not open' },
}

/** The same with other fields in the region. */
export function withRegion(fields: Partial<MemoryRegion>, slots: readonly Memslot[] = []): MemoryRegionCase {
  return { ...onePage, region: { ...onePage.region, ...fields }, slots }
}

/** One page with private memory behind it, the second of four of its memfd. */
export const onePrivatePage: MemoryRegionCase = {
  ...withRegion({ flags: memGuestMemfd, guest_memfd: 3, guest_memfd_offset: 0x1000n }),
  struct: 'second',
  privateMemory: true,
  memfd: { kind: 'memfd', bytes: 0x4000n, bound: [] },
}

/** The same with other fields in the region. */
export function withPrivate(fields: Partial<MemoryRegion>, slots: readonly Memslot[] = []): MemoryRegionCase {
  return { ...onePrivatePage, region: { ...onePrivatePage.region, ...fields }, slots }
}
