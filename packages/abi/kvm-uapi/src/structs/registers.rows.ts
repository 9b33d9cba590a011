import { bytes, flexible, list, padding, said, struct, u8, u16, u32, u64, type ValueOf } from '@vmm/layout'
import { uapi } from './uapi-struct.ts'

/** `struct kvm_regs`. */
export const kvmRegs = uapi('kvm_regs', 'asm', 'General registers, RIP and RFLAGS.', {
  rax: u64, rbx: u64, rcx: u64, rdx: u64,
  rsi: u64, rdi: u64, rsp: u64, rbp: u64,
  r8:  u64, r9:  u64, r10: u64, r11: u64,
  r12: u64, r13: u64, r14: u64, r15: u64,
  rip: u64, rflags: u64,
})
/** What `kvmRegs` reads and writes. */
export type KvmRegs = ValueOf<typeof kvmRegs>

/** `struct kvm_segment`. */
export const kvmSegment = uapi('kvm_segment', 'asm', 'A segment register with its hidden part.', {
  base:     u64,
  limit:    said(u32, 'In bytes, granularity applied.'),
  selector: u16,
  type:     said(u8, 'The four type bits of the descriptor.'),
  present:  u8,
  dpl:      u8,
  db:       said(u8, 'D/B: the default operand size.'),
  s:        said(u8, '0 for a system descriptor.'),
  l:        said(u8, '1 for 64-bit code.'),
  g:        said(u8, 'Granularity.'),
  avl:      u8,
  unusable: said(u8, '1 for a segment that was loaded with a null selector.'),
  padding:  padding(u8),
})
/** What `kvmSegment` reads and writes. */
export type KvmSegment = ValueOf<typeof kvmSegment>

/** `struct kvm_dtable`. */
export const kvmDtable = uapi('kvm_dtable', 'asm', 'GDTR or IDTR.', {
  base:    u64,
  limit:   u16,
  padding: padding(list(u16, 3)),
})
/** What `kvmDtable` reads and writes. */
export type KvmDtable = ValueOf<typeof kvmDtable>

const systemRegisters = {
  cs: kvmSegment, ds: kvmSegment, es: kvmSegment, fs: kvmSegment, gs: kvmSegment, ss: kvmSegment,
  tr: kvmSegment, ldt: kvmSegment,
  gdt: kvmDtable, idt: kvmDtable,
  cr0: u64, cr2: u64, cr3: u64, cr4: u64, cr8: u64,
  efer: u64,
  apic_base: u64,
} as const

/** `struct kvm_sregs`. */
export const kvmSregs = uapi('kvm_sregs', 'asm', 'What system code controls: segments, tables, control registers, EFER, APIC base.', {
  ...systemRegisters,
  interrupt_bitmap: said(list(u64, 4), 'Bit n is set for a vector n that waits to be injected, without an APIC in the kernel.'),
})
/** What `kvmSregs` reads and writes. */
export type KvmSregs = ValueOf<typeof kvmSregs>

/** `struct kvm_sregs2`. */
export const kvmSregs2 = uapi('kvm_sregs2', 'asm', 'System registers with what PAE paging keeps of its uppermost entries, and no vector that waits.', {
  ...systemRegisters,
  flags:  said(u64, 'KVM_SREGS2_FLAGS_*.'),
  pdptrs: said(list(u64, 4), 'The four page-directory pointers, if a flag says so.'),
})
/** What `kvmSregs2` reads and writes. */
export type KvmSregs2 = ValueOf<typeof kvmSregs2>

/** `struct kvm_fpu`. */
export const kvmFpu = uapi('kvm_fpu', 'asm', 'x87 and XMM registers as FXSAVE has them.', {
  fpr:         said(list(bytes(16), 8), 'ST(0) to ST(7), ten bytes each.'),
  fcw:         u16,
  fsw:         u16,
  ftwx:        said(u8, 'The abridged tag word: a bit is set for a register that holds a value.'),
  pad1:        padding(u8),
  last_opcode: u16,
  last_ip:     u64,
  last_dp:     u64,
  xmm:         list(bytes(16), 16),
  mxcsr:       said(u32, 'Neither read nor written by the kernel: KVM_GET_XSAVE has it.'),
  pad2:        padding(u32),
})
/** What `kvmFpu` reads and writes. */
export type KvmFpu = ValueOf<typeof kvmFpu>

/** `struct kvm_lapic_state`. */
export const kvmLapicState = uapi('kvm_lapic_state', 'asm', 'The first KiB of the local APIC’s page, each register at sixteen times its number.', {
  regs: bytes(0x400),
})
/** What `kvmLapicState` reads and writes. */
export type KvmLapicState = ValueOf<typeof kvmLapicState>

/** `struct kvm_debugregs`. */
export const kvmDebugregs = uapi('kvm_debugregs', 'asm', 'DR0 to DR3, DR6 and DR7 of the guest.', {
  db:       list(u64, 4),
  dr6:      u64,
  dr7:      u64,
  flags:    said(u64, 'None is defined.'),
  reserved: padding(list(u64, 9)),
})
/** What `kvmDebugregs` reads and writes. */
export type KvmDebugregs = ValueOf<typeof kvmDebugregs>

/** `struct kvm_xsave`. */
export const kvmXsave = uapi('kvm_xsave', 'asm', 'An XSAVE area in the standard format, laid out by the host’s CPUID leaf 0xD.', {
  region: said({ ...bytes(4096), align: 4 }, 'The first 4096 bytes: all that KVM_GET_XSAVE reads and KVM_SET_XSAVE once wrote.'),
  extra:  said(flexible(u32), 'As many bytes more as KVM_CHECK_EXTENSION of KVM_CAP_XSAVE2 says, on the VM.'),
})
/** What `kvmXsave` reads and writes. */
export type KvmXsave = ValueOf<typeof kvmXsave>

/** `struct kvm_xcr`. */
export const kvmXcr = uapi('kvm_xcr', 'asm', 'One extended control register.', {
  xcr:      said(u32, 'Its number; only 0 exists.'),
  reserved: padding(u32),
  value:    u64,
})
/** What `kvmXcr` reads and writes. */
export type KvmXcr = ValueOf<typeof kvmXcr>

/** `struct kvm_xcrs`. */
export const kvmXcrs = uapi('kvm_xcrs', 'asm', 'The extended control registers, of which there is one.', {
  nr_xcrs: said(u32, 'How many entries count, at most 16.'),
  flags:   said(u32, 'None is defined.'),
  xcrs:    list(kvmXcr, 16),
  padding: padding(list(u64, 16)),
})
/** What `kvmXcrs` reads and writes. */
export type KvmXcrs = ValueOf<typeof kvmXcrs>

/** `struct kvm_mp_state`. */
export const kvmMpState = uapi('kvm_mp_state', 'linux', 'Whether a vCPU runs, sleeps, or waits for INIT or SIPI.', {
  mp_state: said(u32, 'KVM_MP_STATE_*.'),
})
/** What `kvmMpState` reads and writes. */
export type KvmMpState = ValueOf<typeof kvmMpState>

/** `struct kvm_vcpu_events`. */
export const kvmVcpuEvents = uapi('kvm_vcpu_events', 'asm', 'Exceptions, interrupts, NMIs and SMIs on their way.', {
  exception: struct({
    injected:       said(u8, 'It was being delivered.'),
    nr:             said(u8, 'Its vector.'),
    has_error_code: u8,
    pending:        said(u8, 'It has been raised, and delivery has not begun; with KVM_VCPUEVENT_VALID_PAYLOAD.'),
    error_code:     u32,
  }),
  interrupt: struct({
    injected: u8,
    nr:       u8,
    soft:     said(u8, 'It came from INT n.'),
    shadow:   said(u8, 'KVM_X86_SHADOW_INT_*.'),
  }),
  nmi: struct({
    injected: u8,
    pending:  said(u8, 'How many wait.'),
    masked:   u8,
    pad:      padding(u8),
  }),
  sipi_vector: said(u32, 'Never valid any more.'),
  flags:       said(u32, 'KVM_VCPUEVENT_VALID_*.'),
  smi: struct({
    smm:            said(u8, 'The vCPU is in SMM.'),
    pending:        u8,
    smm_inside_nmi: u8,
    latched_init:   u8,
  }),
  triple_fault: struct({ pending: u8 }),
  reserved:              padding(bytes(26)),
  exception_has_payload: u8,
  exception_payload:     said(u64, 'What CR2 or DR6 will become when the exception is delivered.'),
})
/** What `kvmVcpuEvents` reads and writes. */
export type KvmVcpuEvents = ValueOf<typeof kvmVcpuEvents>

/** `struct kvm_sync_regs`. */
export const kvmSyncRegs = uapi('kvm_sync_regs', 'asm', 'Registers that KVM_RUN takes from kvm_run and leaves there.', {
  regs:   kvmRegs,
  sregs:  kvmSregs,
  events: kvmVcpuEvents,
})
/** What `kvmSyncRegs` reads and writes. */
export type KvmSyncRegs = ValueOf<typeof kvmSyncRegs>

/** `struct kvm_guest_debug_arch`. */
export const kvmGuestDebugArch = uapi('kvm_guest_debug_arch', 'asm', 'The debug registers that the VMM uses while it debugs.', {
  debugreg: said(list(u64, 8), 'DR0 to DR7; 4 and 5 do not count.'),
})

/** `struct kvm_guest_debug`. */
export const kvmGuestDebug = uapi('kvm_guest_debug', 'linux', 'What the VMM debugs.', {
  control: said(u32, 'KVM_GUESTDBG_*.'),
  pad:     padding(u32),
  arch:    kvmGuestDebugArch,
})
/** What `kvmGuestDebug` reads and writes. */
export type KvmGuestDebug = ValueOf<typeof kvmGuestDebug>

/** `struct kvm_translation`. */
export const kvmTranslation = uapi('kvm_translation', 'linux', 'A linear address, and what it means to the guest.', {
  linear_address:   said(u64, 'In.'),
  physical_address: said(u64, 'All ones if the address is not mapped.'),
  valid:            u8,
  writeable:        said(u8, 'Always 1.'),
  usermode:         said(u8, 'Always 0.'),
  pad:              padding(bytes(5)),
})
/** What `kvmTranslation` reads and writes. */
export type KvmTranslation = ValueOf<typeof kvmTranslation>

/** `struct kvm_interrupt`. */
export const kvmInterrupt = uapi('kvm_interrupt', 'linux', 'A vector to inject.', {
  irq: u32,
})

/** `struct kvm_x86_mce`. */
export const kvmX86Mce = uapi('kvm_x86_mce', 'asm', 'A machine check to raise: what a bank’s registers, and MCG_STATUS, shall be.', {
  status:     u64,
  addr:       u64,
  misc:       u64,
  mcg_status: u64,
  bank:       u8,
  pad1:       padding(bytes(7)),
  pad2:       padding(list(u64, 3)),
})
/** What `kvmX86Mce` reads and writes. */
export type KvmX86Mce = ValueOf<typeof kvmX86Mce>

/** `struct kvm_signal_mask`. */
export const kvmSignalMask = uapi('kvm_signal_mask', 'linux', 'Which signals are blocked while a vCPU runs.', {
  len:    said(u32, 'Bytes of the mask; 8.'),
  sigset: flexible(u8),
})

/** `struct kvm_tpr_access_ctl`. */
export const kvmTprAccessCtl = uapi('kvm_tpr_access_ctl', 'linux', 'Whether accesses to the task priority are told to the VMM.', {
  enabled:  u32,
  flags:    said(u32, 'None is defined.'),
  reserved: padding(list(u32, 8)),
})

/** `struct kvm_vapic_addr`. */
export const kvmVapicAddr = uapi('kvm_vapic_addr', 'linux', 'Where the guest shares its task priority.', {
  vapic_addr: said(u64, 'A guest-physical address, or zero for nowhere.'),
})

/** `struct kvm_reg_list`. */
export const kvmRegList = uapi('kvm_reg_list', 'linux', 'The registers that KVM_GET_ONE_REG knows by number.', {
  n:   said(u64, 'How many there is room for; how many there are.'),
  reg: flexible(u64),
})

/** `struct kvm_one_reg`. */
export const kvmOneReg = uapi('kvm_one_reg', 'linux', 'One register by number.', {
  id:   said(u64, 'KVM_REG_X86, a size, a type and an index.'),
  addr: said(u64, 'Where in user space its value is.'),
})
