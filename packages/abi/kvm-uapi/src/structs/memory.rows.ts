import { alias, bytes, flexible, list, padding, pointer, said, u32, u64, type ValueOf } from '@vmm/layout'
import { uapi } from './uapi-struct.ts'

/** `struct kvm_userspace_memory_region`. */
export const kvmUserspaceMemoryRegion = uapi('kvm_userspace_memory_region', 'linux', 'A memory slot: where guest-physical memory lies in user space.', {
  slot:            said(u32, 'Its number; the upper half is the address space.'),
  flags:           said(u32, 'KVM_MEM_*.'),
  guest_phys_addr: u64,
  memory_size:     said(u64, 'In bytes; 0 deletes the slot.'),
  userspace_addr:  said(u64, 'Where it begins in user space.'),
})
/** What `kvmUserspaceMemoryRegion` reads and writes. */
export type KvmUserspaceMemoryRegion = ValueOf<typeof kvmUserspaceMemoryRegion>

/** `struct kvm_userspace_memory_region2`. */
export const kvmUserspaceMemoryRegion2 = uapi('kvm_userspace_memory_region2', 'linux', 'A memory slot that may have private memory too.', {
  slot:               u32,
  flags:              said(u32, 'KVM_MEM_*.'),
  guest_phys_addr:    u64,
  memory_size:        said(u64, 'In bytes; 0 deletes the slot.'),
  userspace_addr:     u64,
  guest_memfd_offset: said(u64, 'Where in the guest_memfd it begins.'),
  guest_memfd:        said(u32, 'The file descriptor, with KVM_MEM_GUEST_MEMFD.'),
  pad1:               padding(u32),
  pad2:               padding(list(u64, 14)),
})
/** What `kvmUserspaceMemoryRegion2` reads and writes. */
export type KvmUserspaceMemoryRegion2 = ValueOf<typeof kvmUserspaceMemoryRegion2>

/** `struct kvm_dirty_log`. */
export const kvmDirtyLog = uapi('kvm_dirty_log', 'linux', 'Which pages of a slot were written.', {
  slot:         u32,
  padding1:     padding(u32),
  dirty_bitmap: pointer('one bit for each page of the slot, in whole 64-bit words'),
  padding2:     alias('dirty_bitmap', u64),
})

/** `struct kvm_clear_dirty_log`. */
export const kvmClearDirtyLog = uapi('kvm_clear_dirty_log', 'linux', 'Which pages of a slot are to be watched again.', {
  slot:         u32,
  num_pages:    said(u32, 'A multiple of 64, or to the end of the slot.'),
  first_page:   said(u64, 'A multiple of 64.'),
  dirty_bitmap: pointer('one bit for each page; those that are set are cleared in the kernel’s'),
  padding2:     alias('dirty_bitmap', u64),
})

/** `struct kvm_dirty_gfn`. */
export const kvmDirtyGfn = uapi('kvm_dirty_gfn', 'linux', 'An entry of the dirty ring.', {
  flags:  said(u32, 'KVM_DIRTY_GFN_F_*.'),
  slot:   said(u32, 'The slot; the upper half is the address space.'),
  offset: said(u64, 'The page within the slot.'),
})

/** `struct kvm_memory_attributes`. */
export const kvmMemoryAttributes = uapi('kvm_memory_attributes', 'linux', 'What guest-physical pages are: shared or private.', {
  address:    said(u64, 'Guest-physical, a multiple of 4096.'),
  size:       said(u64, 'In bytes, a multiple of 4096.'),
  attributes: said(u64, 'KVM_MEMORY_ATTRIBUTE_*.'),
  flags:      said(u64, 'None is defined.'),
})

/** `struct kvm_create_guest_memfd`. */
export const kvmCreateGuestMemfd = uapi('kvm_create_guest_memfd', 'linux', 'Memory that user space cannot map.', {
  size:     said(u64, 'In bytes, a multiple of 4096.'),
  flags:    said(u64, 'GUEST_MEMFD_FLAG_*.'),
  reserved: padding(list(u64, 6)),
})

/** `struct kvm_pre_fault_memory`. */
export const kvmPreFaultMemory = uapi('kvm_pre_fault_memory', 'linux', 'Guest-physical memory to map before it is touched.', {
  gpa:     said(u64, 'Where to begin; where it stopped.'),
  size:    said(u64, 'How much; how much is left.'),
  flags:   said(u64, 'None is defined.'),
  padding: padding(list(u64, 5)),
})

/** `struct kvm_coalesced_mmio_zone`. */
export const kvmCoalescedMmioZone = uapi('kvm_coalesced_mmio_zone', 'linux', 'Addresses whose writes are collected in a ring.', {
  addr: u64,
  size: said(u32, 'In bytes.'),
  pio:  said(u32, '1 for ports.'),
  pad:  alias('pio', u32),
})

/** `struct kvm_coalesced_mmio`. */
export const kvmCoalescedMmio = uapi('kvm_coalesced_mmio', 'linux', 'A write that was collected.', {
  phys_addr: u64,
  len:       said(u32, 'In bytes.'),
  pio:       said(u32, '1 for a port.'),
  pad:       alias('pio', u32),
  data:      bytes(8),
})

/** `struct kvm_coalesced_mmio_ring`. */
export const kvmCoalescedMmioRing = uapi('kvm_coalesced_mmio_ring', 'linux', 'Writes that were collected, in a page of a vCPU’s mapping. Full when one entry is left.', {
  first:          said(u32, 'The oldest entry; user space moves it.'),
  last:           said(u32, 'Where the next goes; the kernel moves it.'),
  coalesced_mmio: flexible(kvmCoalescedMmio),
})

/** `struct kvm_enc_region`. */
export const kvmEncRegion = uapi('kvm_enc_region', 'linux', 'User memory that holds encrypted guest memory.', {
  addr: u64,
  size: u64,
})
