import { alias, anonymous, bytes, list, padding, said, struct, u8, u16, u32, u64, union } from '@vmm/layout'
import { kvmHypervExit, kvmXenExit } from './paravirtual.rows.ts'
import { kvmSyncRegs } from './registers.rows.ts'
import { uapi } from './uapi-struct.ts'

/** `struct kvm_debug_exit_arch`. */
export const kvmDebugExitArch = uapi('kvm_debug_exit_arch', 'asm', 'Why a guest that is debugged stopped.', {
  exception: said(u32, 'The vector: 1 or 3.'),
  pad:       padding(u32),
  pc:        said(u64, 'Linear.'),
  dr6:       u64,
  dr7:       u64,
})

/** `struct kvm_exit_snp_req_certs`. */
export const kvmExitSnpReqCerts = uapi('kvm_exit_snp_req_certs', 'linux', 'A SEV-SNP guest asks for certificates.', {
  gpa:    u64,
  npages: u64,
  ret:    said(u64, 'From user space: an errno.'),
}, '7.0')

/** `struct kvm_run`. */
export const kvmRun = uapi('kvm_run', 'linux', 'What a vCPU and user space share: page 0 of the vCPU’s mapping.', {
  request_interrupt_window: said(u8, 'In: leave as soon as an interrupt can be injected.'),
  immediate_exit:           said(u8, 'In: leave before anything of the guest is run.'),
  padding1:                 padding(bytes(6)),
  exit_reason:              said(u32, 'Out: KVM_EXIT_*.'),
  ready_for_interrupt_injection: said(u8, 'Out.'),
  if_flag:                  said(u8, 'Out: RFLAGS.IF.'),
  flags:                    said(u16, 'Out: KVM_RUN_X86_*.'),
  cr8:                      said(u64, 'In and out, without an APIC in the kernel.'),
  apic_base:                said(u64, 'Out.'),
  exit: anonymous(union({
    hw:         struct({ hardware_exit_reason: u64 }),
    fail_entry: struct({ hardware_entry_failure_reason: u64, cpu: u32 }),
    ex:         struct({ exception: u32, error_code: u32 }),
    io: struct({
      direction:   said(u8, 'KVM_EXIT_IO_IN or _OUT.'),
      size:        said(u8, 'Bytes of an item: 1, 2 or 4.'),
      port:        u16,
      count:       said(u32, 'How many items.'),
      data_offset: said(u64, 'Where the items are, from the beginning of this struct.'),
    }),
    debug: struct({ arch: kvmDebugExitArch }),
    mmio: struct({
      phys_addr: u64,
      data:      bytes(8),
      len:       said(u32, 'At most 8.'),
      is_write:  u8,
    }),
    iocsr_io: said(struct({ phys_addr: u64, data: bytes(8), len: u32, is_write: u8 }), 'LoongArch only.'),
    hypercall: struct({
      nr:       u64,
      args:     list(u64, 6),
      ret:      said(u64, 'From user space: what RAX becomes.'),
      flags:    said(u64, 'KVM_EXIT_HYPERCALL_*.'),
      longmode: alias('flags', u32),
    }),
    tpr_access: struct({ rip: u64, is_write: u32, pad: padding(u32) }),
    s390_sieic:       said(struct({ icptcode: u8, ipa: u16, ipb: u32 }), 's390 only.'),
    s390_reset_flags: said(u64, 's390 only.'),
    s390_ucontrol:    said(struct({ trans_exc_code: u64, pgm_code: u32 }), 's390 only.'),
    dcr:              said(struct({ dcrn: u32, data: u32, is_write: u8 }), 'PowerPC once.'),
    internal: struct({
      suberror: said(u32, 'KVM_INTERNAL_ERROR_*.'),
      ndata:    said(u32, 'How many of the words count.'),
      data:     list(u64, 16),
    }),
    emulation_failure: struct({
      suberror:   said(u32, 'KVM_INTERNAL_ERROR_EMULATION.'),
      ndata:      u32,
      flags:      said(u64, 'KVM_INTERNAL_ERROR_EMULATION_FLAG_*: which of the next fields count.'),
      insn_size:  u8,
      insn_bytes: bytes(15),
    }),
    osi:        said(struct({ gprs: list(u64, 32) }), 'PowerPC only.'),
    papr_hcall: said(struct({ nr: u64, ret: u64, args: list(u64, 9) }), 'PowerPC only.'),
    s390_tsch: said(struct({
      subchannel_id: u16,
      subchannel_nr: u16,
      io_int_parm:   u32,
      io_int_word:   u32,
      ipb:           u32,
      dequeued:      u8,
    }), 's390 only.'),
    epr: said(struct({ epr: u32 }), 'PowerPC only.'),
    system_event: struct({
      type:  said(u32, 'KVM_SYSTEM_EVENT_*.'),
      ndata: u32,
      data:  list(u64, 16),
      flags: alias('data', u64),
    }),
    s390_stsi: said(struct({ addr: u64, ar: u8, reserved: padding(u8), fc: u8, sel1: u8, sel2: u16 }), 's390 only.'),
    eoi:       struct({ vector: u8 }),
    hyperv:    kvmHypervExit,
    arm_nisv:  said(struct({ esr_iss: u64, fault_ipa: u64 }), 'Arm only.'),
    msr: struct({
      error:  said(u8, 'From user space: 1 raises #GP.'),
      pad:    padding(bytes(7)),
      reason: said(u32, 'KVM_MSR_EXIT_REASON_*.'),
      index:  u32,
      data:   u64,
    }),
    xen:       kvmXenExit,
    riscv_sbi: said(struct({ extension_id: u64, function_id: u64, args: list(u64, 6), ret: list(u64, 2) }), 'RISC-V only.'),
    riscv_csr: said(struct({ csr_num: u64, new_value: u64, write_mask: u64, ret_value: u64 }), 'RISC-V only.'),
    notify:    struct({ flags: said(u32, 'KVM_NOTIFY_*.') }),
    memory_fault: struct({
      flags: said(u64, 'KVM_MEMORY_EXIT_FLAG_*.'),
      gpa:   u64,
      size:  u64,
    }),
    tdx: struct({
      flags: said(u64, 'None is defined.'),
      nr:    said(u64, 'Which TDVMCALL.'),
      call: anonymous(union({
        unknown:            struct({ ret: u64, data: list(u64, 5) }),
        get_quote:          struct({ ret: u64, gpa: u64, size: u64 }),
        get_tdvmcall_info:  struct({ ret: u64, leaf: u64, r11: u64, r12: u64, r13: u64, r14: u64 }),
        setup_event_notify: struct({ ret: u64, vector: u64 }),
      }), 'The arm that `nr` names; `ret` is from user space.'),
    }),
    arm_sea:       said(struct({ flags: u64, esr: u64, gva: u64, gpa: u64 }), 'Arm only.'),
    snp_req_certs: kvmExitSnpReqCerts,
    padding: bytes(256),
  }), 'What the exit is about: the arm that its reason names.'),
  kvm_valid_regs: said(u64, 'In: KVM_SYNC_X86_*, what the kernel shall leave here.'),
  kvm_dirty_regs: said(u64, 'In: KVM_SYNC_X86_*, what the kernel shall take from here.'),
  s: union({ regs: kvmSyncRegs, padding: bytes(2048) }),
})
