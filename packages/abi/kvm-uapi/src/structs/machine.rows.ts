import { alias, bytes, flexible, i16, i32, i64, list, padding, said, u8, u16, u32, u64, union, type ValueOf } from '@vmm/layout'
import { uapi } from './uapi-struct.ts'

/** `struct kvm_irq_level`. */
export const kvmIrqLevel = uapi('kvm_irq_level', 'linux', 'An interrupt line, and how it stands.', {
  irq:    said(u32, 'In: the GSI.'),
  status: said(alias('irq', i32), 'Out of KVM_IRQ_LINE_STATUS: at how many vCPUs it arrived; below zero if it was ignored.'),
  level:  said(u32, '1 for asserted.'),
})

/** `struct kvm_pic_state`. */
export const kvmPicState = uapi('kvm_pic_state', 'asm', 'An 8259A.', {
  last_irr:                  said(u8, 'What the lines were, to see edges.'),
  irr:                       said(u8, 'Interrupt request register.'),
  imr:                       said(u8, 'Interrupt mask register.'),
  isr:                       said(u8, 'In-service register.'),
  priority_add:              said(u8, 'The line of the highest priority.'),
  irq_base:                  said(u8, 'The vector of line 0.'),
  read_reg_select:           u8,
  poll:                      u8,
  special_mask:              u8,
  init_state:                u8,
  auto_eoi:                  u8,
  rotate_on_auto_eoi:        u8,
  special_fully_nested_mode: u8,
  init4:                     said(u8, '1 if ICW4 is awaited.'),
  elcr:                      said(u8, 'Which lines are level-triggered.'),
  elcr_mask:                 u8,
})
/** What `kvmPicState` reads and writes. */
export type KvmPicState = ValueOf<typeof kvmPicState>

/** `struct kvm_ioapic_state`. */
export const kvmIoapicState = uapi('kvm_ioapic_state', 'asm', 'An I/O APIC of 24 pins.', {
  base_address: u64,
  ioregsel:     u32,
  id:           u32,
  irr:          u32,
  pad:          padding(u32),
  redirtbl:     said(list(u64, 24), 'Redirection entries as the device has them.'),
})
/** What `kvmIoapicState` reads and writes. */
export type KvmIoapicState = ValueOf<typeof kvmIoapicState>

/** `struct kvm_irqchip`. */
export const kvmIrqchip = uapi('kvm_irqchip', 'linux', 'One of the interrupt controllers in the kernel.', {
  chip_id: said(u32, 'KVM_IRQCHIP_*.'),
  pad:     padding(u32),
  chip:    union({ dummy: bytes(512), pic: kvmPicState, ioapic: kvmIoapicState }),
})

/** `struct kvm_pit_config`. */
export const kvmPitConfig = uapi('kvm_pit_config', 'linux', 'How the timer in the kernel is made.', {
  flags: said(u32, 'KVM_PIT_SPEAKER_DUMMY.'),
  pad:   padding(list(u32, 15)),
})

/** `struct kvm_pit_channel_state`. */
export const kvmPitChannelState = uapi('kvm_pit_channel_state', 'asm', 'A channel of the 8254.', {
  count:           said(u32, 'Up to 65536.'),
  latched_count:   u16,
  count_latched:   u8,
  status_latched:  u8,
  status:          u8,
  read_state:      u8,
  write_state:     u8,
  write_latch:     u8,
  rw_mode:         u8,
  mode:            u8,
  bcd:             u8,
  gate:            u8,
  count_load_time: said(i64, 'When the count was loaded, in nanoseconds of the kernel’s monotonic clock.'),
})

/** `struct kvm_pit_state`. */
export const kvmPitState = uapi('kvm_pit_state', 'asm', 'The 8254, without flags.', {
  channels: list(kvmPitChannelState, 3),
})

/** `struct kvm_pit_state2`. */
export const kvmPitState2 = uapi('kvm_pit_state2', 'asm', 'The 8254.', {
  channels: list(kvmPitChannelState, 3),
  flags:    said(u32, 'KVM_PIT_FLAGS_*.'),
  reserved: padding(list(u32, 9)),
})
/** What `kvmPitState2` reads and writes. */
export type KvmPitState2 = ValueOf<typeof kvmPitState2>

/** `struct kvm_reinject_control`. */
export const kvmReinjectControl = uapi('kvm_reinject_control', 'asm', 'Whether ticks that a guest missed are made up for.', {
  pit_reinject: u8,
  reserved:     padding(bytes(31)),
})

/** `struct kvm_clock_data`. */
export const kvmClockData = uapi('kvm_clock_data', 'linux', 'The guest’s clock.', {
  clock:    said(u64, 'Nanoseconds.'),
  flags:    said(u32, 'KVM_CLOCK_*.'),
  pad0:     padding(u32),
  realtime: said(u64, 'The host’s CLOCK_REALTIME when the clock was read, in nanoseconds, if a flag says so.'),
  host_tsc: said(u64, 'The host’s TSC when the clock was read, if a flag says so.'),
  pad:      padding(list(u32, 4)),
})
/** What `kvmClockData` reads and writes. */
export type KvmClockData = ValueOf<typeof kvmClockData>

/** `struct kvm_irq_routing_irqchip`. */
export const kvmIrqRoutingIrqchip = uapi('kvm_irq_routing_irqchip', 'linux', 'A pin of an interrupt controller in the kernel.', {
  irqchip: said(u32, 'KVM_IRQCHIP_*.'),
  pin:     u32,
})

/** `struct kvm_irq_routing_msi`. */
export const kvmIrqRoutingMsi = uapi('kvm_irq_routing_msi', 'linux', 'A message-signalled interrupt.', {
  address_lo: u32,
  address_hi: said(u32, 'The upper 24 bits of a 32-bit APIC id are bits 31:8, with KVM_X2APIC_API_USE_32BIT_IDS.'),
  data:       u32,
  devid:      said(u32, 'Which device sends it; not looked at on x86.'),
  pad:        alias('devid', u32),
})

/** `struct kvm_irq_routing_s390_adapter`. */
export const kvmIrqRoutingS390Adapter = uapi('kvm_irq_routing_s390_adapter', 'linux', 'An adapter interrupt of s390; it is here because it decides how long a routing entry may be.', {
  ind_addr:       u64,
  summary_addr:   u64,
  ind_offset:     u64,
  summary_offset: u32,
  adapter_id:     u32,
})

/** `struct kvm_irq_routing_hv_sint`. */
export const kvmIrqRoutingHvSint = uapi('kvm_irq_routing_hv_sint', 'linux', 'A synthetic interrupt source of Hyper-V.', {
  vcpu: u32,
  sint: u32,
})

/** `struct kvm_irq_routing_xen_evtchn`. */
export const kvmIrqRoutingXenEvtchn = uapi('kvm_irq_routing_xen_evtchn', 'linux', 'An event channel of Xen.', {
  port:     u32,
  vcpu:     u32,
  priority: said(u32, 'KVM_IRQ_ROUTING_XEN_EVTCHN_PRIO_2LEVEL.'),
})

/** `struct kvm_irq_routing_entry`. */
export const kvmIrqRoutingEntry = uapi('kvm_irq_routing_entry', 'linux', 'Where a GSI leads.', {
  gsi:   u32,
  type:  said(u32, 'KVM_IRQ_ROUTING_*.'),
  flags: said(u32, 'KVM_MSI_VALID_DEVID, for a message.'),
  pad:   padding(u32),
  u: union({
    irqchip:    kvmIrqRoutingIrqchip,
    msi:        kvmIrqRoutingMsi,
    adapter:    kvmIrqRoutingS390Adapter,
    hv_sint:    kvmIrqRoutingHvSint,
    xen_evtchn: kvmIrqRoutingXenEvtchn,
    pad:        padding(list(u32, 8)),
  }),
})

/** `struct kvm_irq_routing`. */
export const kvmIrqRouting = uapi('kvm_irq_routing', 'linux', 'Where all GSIs lead.', {
  nr:      said(u32, 'How many entries follow.'),
  flags:   said(u32, 'None is defined.'),
  entries: flexible(kvmIrqRoutingEntry),
})

/** `struct kvm_irqfd`. */
export const kvmIrqfd = uapi('kvm_irqfd', 'linux', 'An eventfd that raises a GSI.', {
  fd:         u32,
  gsi:        u32,
  flags:      said(u32, 'KVM_IRQFD_FLAG_*.'),
  resamplefd: said(u32, 'Another eventfd, which is signalled when the guest acknowledges, if a flag says so.'),
  pad:        padding(bytes(16)),
})

/** `struct kvm_msi`. */
export const kvmMsi = uapi('kvm_msi', 'linux', 'A message-signalled interrupt to send now.', {
  address_lo: u32,
  address_hi: u32,
  data:       u32,
  flags:      said(u32, 'KVM_MSI_VALID_DEVID.'),
  devid:      u32,
  pad:        padding(bytes(12)),
})

/** `struct kvm_ioeventfd`. */
export const kvmIoeventfd = uapi('kvm_ioeventfd', 'linux', 'An eventfd that is signalled by a write of the guest.', {
  datamatch: said(u64, 'The value that counts, if a flag says so.'),
  addr:      said(u64, 'A port or a guest-physical address.'),
  len:       said(u32, '1, 2, 4 or 8 bytes, or 0 for any.'),
  fd:        i32,
  flags:     said(u32, 'KVM_IOEVENTFD_FLAG_*.'),
  pad:       padding(bytes(36)),
})

/** `struct kvm_enable_cap`. */
export const kvmEnableCap = uapi('kvm_enable_cap', 'linux', 'A capability to switch on, with what it wants to know.', {
  cap:   said(u32, 'KVM_CAP_*.'),
  flags: said(u32, 'None is defined.'),
  args:  list(u64, 4),
  pad:   padding(bytes(64)),
})

/** `struct kvm_create_device`. */
export const kvmCreateDevice = uapi('kvm_create_device', 'linux', 'A device in the kernel.', {
  type:  said(u32, 'In: KVM_DEV_TYPE_*.'),
  fd:    said(u32, 'Out: its file descriptor.'),
  flags: said(u32, 'In: KVM_CREATE_DEVICE_TEST.'),
})

/** `struct kvm_device_attr`. */
export const kvmDeviceAttr = uapi('kvm_device_attr', 'linux', 'An attribute of a device, of a vCPU, of a VM or of KVM.', {
  flags: said(u32, 'None is defined.'),
  group: u32,
  attr:  u64,
  addr:  said(u64, 'Where in user space its value is.'),
})

/** `struct kvm_vfio_spapr_tce`. */
export const kvmVfioSpaprTce = uapi('kvm_vfio_spapr_tce', 'linux', 'A table of a POWER machine that belongs to a VFIO group; known to the VFIO device everywhere.', {
  groupfd: i32,
  tablefd: i32,
})

/** `struct kvm_stats_header`. */
export const kvmStatsHeader = uapi('kvm_stats_header', 'linux', 'What a statistics file begins with.', {
  flags:       said(u32, 'None is defined.'),
  name_size:   said(u32, 'Bytes of a name, its zero included.'),
  num_desc:    said(u32, 'How many statistics there are.'),
  id_offset:   u32,
  desc_offset: u32,
  data_offset: u32,
})

/** `struct kvm_stats_desc`. */
export const kvmStatsDesc = uapi('kvm_stats_desc', 'linux', 'What a statistic is.', {
  flags:       said(u32, 'KVM_STATS_TYPE_*, _UNIT_* and _BASE_*.'),
  exponent:    said(i16, 'The unit is the base to this power.'),
  size:        said(u16, 'How many 64-bit values it has.'),
  offset:      said(u32, 'Where its values begin in the data.'),
  bucket_size: said(u32, 'What a bucket of a linear histogram holds.'),
  name:        flexible(u8),
})
