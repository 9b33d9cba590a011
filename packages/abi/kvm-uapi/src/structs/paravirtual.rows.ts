import { bytes, i32, list, padding, said, struct, u8, u16, u32, u64, union } from '@vmm/layout'
import { uapi } from './uapi-struct.ts'

/** `struct kvm_hyperv_eventfd`. */
export const kvmHypervEventfd = uapi('kvm_hyperv_eventfd', 'asm', 'An eventfd that Hyper-V’s HvSignalEvent signals.', {
  conn_id: said(u32, 'The connection; 24 bits.'),
  fd:      i32,
  flags:   said(u32, 'KVM_HYPERV_EVENTFD_DEASSIGN.'),
  padding: padding(list(u32, 3)),
})

/** `struct kvm_hyperv_exit`. */
export const kvmHypervExit = uapi('kvm_hyperv_exit', 'linux', 'What a Hyper-V guest wants of user space.', {
  type: said(u32, 'KVM_EXIT_HYPERV_*.'),
  pad1: padding(u32),
  u: union({
    synic: struct({
      msr:      said(u32, 'Which register was written.'),
      pad2:     padding(u32),
      control:  u64,
      evt_page: u64,
      msg_page: u64,
    }),
    hcall: struct({
      input:  u64,
      result: said(u64, 'From user space.'),
      params: list(u64, 2),
    }),
    syndbg: struct({
      msr:          u32,
      pad2:         padding(u32),
      control:      u64,
      status:       said(u64, 'From user space.'),
      send_page:    u64,
      recv_page:    u64,
      pending_page: u64,
    }),
  }),
})

/** `struct kvm_xen_exit`. */
export const kvmXenExit = uapi('kvm_xen_exit', 'linux', 'What a Xen guest wants of user space.', {
  type: said(u32, 'KVM_EXIT_XEN_HCALL.'),
  u: union({
    hcall: struct({
      longmode: u32,
      cpl:      u32,
      input:    said(u64, 'The hypercall’s number.'),
      result:   said(u64, 'From user space.'),
      params:   list(u64, 6),
    }),
  }),
})

/** `struct kvm_xen_hvm_config`. */
export const kvmXenHvmConfig = uapi('kvm_xen_hvm_config', 'asm', 'What a Xen guest is given.', {
  flags:        said(u32, 'KVM_XEN_HVM_CONFIG_*.'),
  msr:          said(u32, 'The register whose writes fill a page with hypercall instructions.'),
  blob_addr_32: said(u64, 'The page for 32-bit guests, in user space.'),
  blob_addr_64: said(u64, 'The page for 64-bit guests, in user space.'),
  blob_size_32: said(u8, 'In pages.'),
  blob_size_64: said(u8, 'In pages.'),
  pad2:         padding(bytes(30)),
})

/** `struct kvm_xen_hvm_attr`. */
export const kvmXenHvmAttr = uapi('kvm_xen_hvm_attr', 'asm', 'An attribute of a Xen guest.', {
  type: said(u16, 'KVM_XEN_ATTR_TYPE_*.'),
  pad:  padding(list(u16, 3)),
  u: union({
    long_mode:            u8,
    vector:               u8,
    runstate_update_flag: u8,
    shared_info:          union({ gfn: u64, hva: u64 }),
    evtchn: struct({
      send_port: u32,
      type:      said(u32, 'EVTCHNSTAT_*, as Xen numbers them.'),
      flags:     said(u32, 'KVM_XEN_EVTCHN_*.'),
      deliver: union({
        port:    struct({ port: u32, vcpu: u32, priority: u32 }),
        eventfd: struct({ port: said(u32, '0 for an eventfd.'), fd: i32 }),
        padding: padding(list(u32, 4)),
      }),
    }),
    xen_version: u32,
    pad:         padding(list(u64, 8)),
  }),
})

/** `struct kvm_xen_vcpu_attr`. */
export const kvmXenVcpuAttr = uapi('kvm_xen_vcpu_attr', 'asm', 'An attribute of a vCPU of a Xen guest.', {
  type: said(u16, 'KVM_XEN_VCPU_ATTR_TYPE_*.'),
  pad:  padding(list(u16, 3)),
  u: union({
    gpa: u64,
    hva: u64,
    pad: padding(list(u64, 8)),
    runstate: struct({
      state:            u64,
      state_entry_time: u64,
      time_running:     u64,
      time_runnable:    u64,
      time_blocked:     u64,
      time_offline:     u64,
    }),
    vcpu_id: u32,
    timer:   struct({ port: u32, priority: u32, expires_ns: u64 }),
    vector:  u8,
  }),
})
