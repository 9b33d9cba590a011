import { constants } from './constants.ts'

/** `KVM_MEM_*`. */
export const memoryFlags = constants('KVM_MEM_', 'bits', 'linux', 'What a memory slot is.', ['kvm_userspace_memory_region.flags', 'kvm_userspace_memory_region2.flags'], {
  LOG_DIRTY_PAGES: [1, 'Written pages are remembered.'],
  READONLY:        [2, 'Writes leave KVM_RUN.'],
  GUEST_MEMFD:     [4, 'It has private memory.'],
})

/** `KVM_MEMORY_ATTRIBUTE_*`. */
export const memoryAttributes = constants('KVM_MEMORY_ATTRIBUTE_', 'bits', 'linux', 'What a page is.', ['kvm_memory_attributes.attributes'], {
  PRIVATE: [8, 'Private.'],
})

/** `GUEST_MEMFD_FLAG_*`. */
export const guestMemfdFlags = constants('GUEST_MEMFD_FLAG_', 'bits', 'linux', 'What a guest_memfd can do.', ['kvm_create_guest_memfd.flags'], {
  MMAP:        [1, 'User space can map it after all.'],
  INIT_SHARED: [2, 'Its pages begin as shared ones.'],
}, '6.18')

/** `KVM_DIRTY_LOG_*`: what KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2 takes. */
export const manualDirtyLog = constants('KVM_DIRTY_LOG_', 'bits', 'linux', 'How written pages are watched again.', ['KVM_ENABLE_CAP of KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2'], {
  MANUAL_PROTECT_ENABLE: [1, 'By KVM_CLEAR_DIRTY_LOG, not by KVM_GET_DIRTY_LOG.'],
  INITIALLY_SET:         [2, 'All pages count as written at first.'],
})

/** `KVM_DIRTY_GFN_F_*`. */
export const dirtyGfnFlags = constants('KVM_DIRTY_GFN_F_', 'bits', 'linux', 'How an entry of a dirty ring stands.', ['kvm_dirty_gfn.flags'], {
  DIRTY: [1, 'The kernel has filled it.'],
  RESET: [2, 'User space has taken it.'],
})

/** `KVM_IRQCHIP_*`. */
export const irqchips = constants('KVM_IRQCHIP_', 'values', 'asm', 'The interrupt controllers in the kernel.', ['kvm_irqchip.chip_id', 'kvm_irq_routing_irqchip.irqchip'], {
  PIC_MASTER: [0, 'The first 8259A.'],
  PIC_SLAVE:  [1, 'The second.'],
  IOAPIC:     [2, 'The I/O APIC.'],
})

/** `KVM_PIT_*`: flags of the 8254 when it is made. */
export const pitConfigFlags = constants('KVM_PIT_', 'bits', 'linux', 'What comes with an 8254.', ['kvm_pit_config.flags'], {
  SPEAKER_DUMMY: [1, 'Port 0x61.'],
})

/** `KVM_PIT_FLAGS_*`. */
export const pitFlags = constants('KVM_PIT_FLAGS_', 'bits', 'asm', 'How an 8254 stands.', ['kvm_pit_state2.flags'], {
  HPET_LEGACY:     [1, 'The HPET has taken over its interrupt.'],
  SPEAKER_DATA_ON: [2, 'Bit 1 of port 0x61.'],
})

/** `KVM_CLOCK_*`. */
export const clockFlags = constants('KVM_CLOCK_', 'bits', 'linux', 'What is known of a clock.', ['kvm_clock_data.flags'], {
  TSC_STABLE: [2, 'All vCPUs see one clock.'],
  REALTIME:   [4, 'realtime.'],
  HOST_TSC:   [8, 'host_tsc.'],
})

/** `KVM_IRQ_ROUTING_*`. */
export const irqRoutingTypes = constants('KVM_IRQ_ROUTING_', 'values', 'linux', 'Where a GSI leads.', ['kvm_irq_routing_entry.type'], {
  IRQCHIP:      [1, 'To a pin of an interrupt controller.'],
  MSI:          [2, 'To a message.'],
  S390_ADAPTER: [3, 'Not on x86.'],
  HV_SINT:      [4, 'To a synthetic source of Hyper-V.'],
  XEN_EVTCHN:   [5, 'To an event channel of Xen.'],
})

/** `KVM_IRQFD_FLAG_*`. */
export const irqfdFlags = constants('KVM_IRQFD_FLAG_', 'bits', 'linux', 'What is done with an eventfd that raises a GSI.', ['kvm_irqfd.flags'], {
  DEASSIGN: [1, 'It is untied.'],
  RESAMPLE: [2, 'resamplefd counts.'],
})

/** `KVM_IOEVENTFD_FLAG_*`. */
export const ioeventfdFlags = constants('KVM_IOEVENTFD_FLAG_', 'bits', 'linux', 'What is done with an eventfd that a guest’s write signals.', ['kvm_ioeventfd.flags'], {
  DATAMATCH:         [1, 'Only a write of datamatch counts.'],
  PIO:               [2, 'addr is a port.'],
  DEASSIGN:          [4, 'It is untied.'],
  VIRTIO_CCW_NOTIFY: [8, 'Not on x86.'],
})

/** `KVM_MSI_*`. */
export const msiFlags = constants('KVM_MSI_', 'bits', 'linux', 'What of a message counts.', ['kvm_msi.flags', 'kvm_irq_routing_entry.flags'], {
  VALID_DEVID: [1, 'devid.'],
})

/** `KVM_CREATE_DEVICE_*`. */
export const createDeviceFlags = constants('KVM_CREATE_DEVICE_', 'bits', 'linux', 'How a device is made.', ['kvm_create_device.flags'], {
  TEST: [1, 'It is only asked whether it could be.'],
})

/** `KVM_DEV_TYPE_*`: the one that x86 has. */
export const deviceTypes = constants('KVM_DEV_TYPE_', 'values', 'linux', 'Devices in the kernel; the others are other architectures’.', ['kvm_create_device.type'], {
  VFIO: [4, 'Ties VFIO files to a VM.'],
})

/** `KVM_DEV_VFIO_*`. */
export const vfioAttributes = constants('KVM_DEV_VFIO_', 'values', 'linux', 'The group of the VFIO device, and its attributes.', ['kvm_device_attr.group', 'kvm_device_attr.attr'], {
  FILE:                [1, 'The group.'],
  FILE_ADD:            [1, 'A file is tied.'],
  FILE_DEL:            [2, 'A file is untied.'],
  GROUP_SET_SPAPR_TCE: [3, 'Not on x86.'],
})

/** `KVM_VCPU_TSC_*`. */
export const vcpuAttributes = constants('KVM_VCPU_TSC_', 'values', 'asm', 'The group of a vCPU’s attributes, and its attribute.', ['kvm_device_attr.group', 'kvm_device_attr.attr'], {
  CTRL:   [0, 'The group.'],
  OFFSET: [0, 'What is added to the host’s TSC.'],
})

/** `KVM_X86_GRP_*`. */
export const systemAttributeGroups = constants('KVM_X86_GRP_', 'values', 'asm', 'The groups of /dev/kvm’s attributes.', ['kvm_device_attr.group'], {
  SYSTEM: [0, 'KVM’s own.'],
  SEV:    [1, 'SEV’s.'],
})

/** `KVM_X86_*`: attributes of /dev/kvm. */
export const systemAttributes = constants('KVM_X86_', 'values', 'asm', 'The attributes of /dev/kvm.', ['kvm_device_attr.attr'], {
  XCOMP_GUEST_SUPP:  [0, 'Which XSAVE components a guest could have; of group SYSTEM.'],
  SEV_VMSA_FEATURES: [0, 'Which features a SEV guest could have; of group SEV.'],
})

/** `KVM_X86_*_VM`. */
export const vmTypes = constants('KVM_X86_', 'values', 'asm', 'Types of a VM; the bits of KVM_CAP_VM_TYPES.', ['KVM_CREATE_VM'], {
  DEFAULT_VM:      [0, 'A plain one.'],
  SW_PROTECTED_VM: [1, 'One with private memory, protected by software alone, to try things.'],
  SEV_VM:          [2, 'SEV.'],
  SEV_ES_VM:       [3, 'SEV-ES.'],
  SNP_VM:          [4, 'SEV-SNP.'],
})

/** `KVM_STATS_TYPE_*`. */
export const statsTypes = constants('KVM_STATS_TYPE_', 'values', 'linux', 'What kind of statistic: bits 3:0.', ['kvm_stats_desc.flags'], {
  CUMULATIVE:  [0, 'It only grows.'],
  INSTANT:     [1, 'What is now.'],
  PEAK:        [2, 'The most that was.'],
  LINEAR_HIST: [3, 'A histogram of buckets of one size.'],
  LOG_HIST:    [4, 'A histogram whose buckets double.'],
})

/** `KVM_STATS_UNIT_*`. */
export const statsUnits = constants('KVM_STATS_UNIT_', 'values', 'linux', 'What is counted: bits 7:4.', ['kvm_stats_desc.flags'], {
  NONE:    [0x00, 'Events.'],
  BYTES:   [0x10, 'Bytes.'],
  SECONDS: [0x20, 'Seconds.'],
  CYCLES:  [0x30, 'Clock cycles.'],
  BOOLEAN: [0x40, 'Yes or no.'],
})

/** `KVM_STATS_BASE_*`. */
export const statsBases = constants('KVM_STATS_BASE_', 'values', 'linux', 'Of what the exponent is a power: bits 11:8.', ['kvm_stats_desc.flags'], {
  POW10: [0x000, 'Ten.'],
  POW2:  [0x100, 'Two.'],
})
