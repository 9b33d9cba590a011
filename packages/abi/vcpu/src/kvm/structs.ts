import { bytes, list, padding, struct, u8, u16, u32, u64, type ValueOf } from '@vmm/layout'

/** `struct kvm_regs`: general registers, RIP and RFLAGS. */
export const kvmRegs = struct({
  rax: u64,
  rbx: u64,
  rcx: u64,
  rdx: u64,
  rsi: u64,
  rdi: u64,
  rsp: u64,
  rbp: u64,
  r8: u64,
  r9: u64,
  r10: u64,
  r11: u64,
  r12: u64,
  r13: u64,
  r14: u64,
  r15: u64,
  rip: u64,
  rflags: u64,
})
/** What `kvmRegs` reads and writes. */
export type KvmRegs = ValueOf<typeof kvmRegs>

/** `struct kvm_segment`: a segment register with its hidden part; `limit` is in bytes, granularity applied. */
export const kvmSegment = struct({
  base: u64,
  limit: u32,
  selector: u16,
  type: u8,
  present: u8,
  dpl: u8,
  db: u8,
  s: u8,
  l: u8,
  g: u8,
  avl: u8,
  unusable: u8,
  padding: padding(u8),
})
/** What `kvmSegment` reads and writes. */
export type KvmSegment = ValueOf<typeof kvmSegment>

/** `struct kvm_dtable`: GDTR or IDTR. */
export const kvmDtable = struct({ base: u64, limit: u16, padding: padding(list(u16, 3)) })
/** What `kvmDtable` reads and writes. */
export type KvmDtable = ValueOf<typeof kvmDtable>

/** What `kvm_sregs` and `kvm_sregs2` begin with. */
const systemFields = {
  cs: kvmSegment,
  ds: kvmSegment,
  es: kvmSegment,
  fs: kvmSegment,
  gs: kvmSegment,
  ss: kvmSegment,
  tr: kvmSegment,
  ldt: kvmSegment,
  gdt: kvmDtable,
  idt: kvmDtable,
  cr0: u64,
  cr2: u64,
  cr3: u64,
  cr4: u64,
  cr8: u64,
  efer: u64,
  apic_base: u64,
} as const

/** `struct kvm_sregs`: what system code controls. Bit n of `interrupt_bitmap` is a vector that waits to be injected. */
export const kvmSregs = struct({
  ...systemFields,
  interrupt_bitmap: list(u64, 4),
})
/** What `kvmSregs` reads and writes. */
export type KvmSregs = ValueOf<typeof kvmSregs>

/** `struct kvm_sregs2`: the same without the bitmap, and with what PAE paging keeps of its uppermost entries. */
export const kvmSregs2 = struct({
  ...systemFields,
  flags: u64,
  pdptrs: list(u64, 4),
})
/** What `kvmSregs2` reads and writes. */
export type KvmSregs2 = ValueOf<typeof kvmSregs2>

/** `struct kvm_fpu`: x87 and XMM registers as FXSAVE has them; `ftwx` is the abridged tag word. */
export const kvmFpu = struct({
  fpr: list(bytes(16), 8),
  fcw: u16,
  fsw: u16,
  ftwx: u8,
  pad1: padding(u8),
  last_opcode: u16,
  last_ip: u64,
  last_dp: u64,
  xmm: list(bytes(16), 16),
  mxcsr: u32,
  pad2: padding(u32),
})
/** What `kvmFpu` reads and writes. */
export type KvmFpu = ValueOf<typeof kvmFpu>

/** `struct kvm_msr_entry`. */
export const kvmMsrEntry = struct({ index: u32, reserved: padding(u32), data: u64 })
/** What `kvmMsrEntry` reads and writes. */
export type KvmMsrEntry = ValueOf<typeof kvmMsrEntry>

/** The head of `struct kvm_msrs`; `nmsrs` entries follow. */
export const kvmMsrsHead = struct({ nmsrs: u32, pad: padding(u32) })

/** `struct kvm_vcpu_events`: exceptions, interrupts, NMIs and SMIs on their way. `flags` says which fields count. */
export const kvmVcpuEvents = struct({
  exception: struct({ injected: u8, nr: u8, has_error_code: u8, pending: u8, error_code: u32 }),
  interrupt: struct({ injected: u8, nr: u8, soft: u8, shadow: u8 }),
  nmi: struct({ injected: u8, pending: u8, masked: u8, pad: padding(u8) }),
  sipi_vector: u32,
  flags: u32,
  smi: struct({ smm: u8, pending: u8, smm_inside_nmi: u8, latched_init: u8 }),
  triple_fault: struct({ pending: u8 }),
  reserved: padding(bytes(26)),
  exception_has_payload: u8,
  exception_payload: u64,
})
/** What `kvmVcpuEvents` reads and writes. */
export type KvmVcpuEvents = ValueOf<typeof kvmVcpuEvents>

/** `struct kvm_debugregs`. */
export const kvmDebugregs = struct({
  db: list(u64, 4),
  dr6: u64,
  dr7: u64,
  flags: u64,
  reserved: padding(list(u64, 9)),
})
/** What `kvmDebugregs` reads and writes. */
export type KvmDebugregs = ValueOf<typeof kvmDebugregs>

/** `struct kvm_xcr`. */
export const kvmXcr = struct({ xcr: u32, reserved: padding(u32), value: u64 })

/** `struct kvm_xcrs`: extended control registers, of which there is one. */
export const kvmXcrs = struct({ nr_xcrs: u32, flags: u32, xcrs: list(kvmXcr, 16), padding: padding(list(u64, 16)) })
/** What `kvmXcrs` reads and writes. */
export type KvmXcrs = ValueOf<typeof kvmXcrs>

/** `struct kvm_mp_state`. */
export const kvmMpState = struct({ mp_state: u32 })
/** What `kvmMpState` reads and writes. */
export type KvmMpState = ValueOf<typeof kvmMpState>

/** `struct kvm_lapic_state`: the first KiB of the register page, each register at sixteen times its number. */
export const kvmLapicState = struct({ regs: bytes(1024) })
/** What `kvmLapicState` reads and writes. */
export type KvmLapicState = ValueOf<typeof kvmLapicState>

/** The fixed part of `struct kvm_xsave`: an area in the standard format. */
export const kvmXsave = struct({ region: { ...bytes(4096), align: 4 } })
/** What `kvmXsave` reads and writes. */
export type KvmXsave = ValueOf<typeof kvmXsave>

/** `struct kvm_guest_debug`: what the VMM debugs, and with which debug registers. */
export const kvmGuestDebug = struct({ control: u32, pad: padding(u32), arch: struct({ debugreg: list(u64, 8) }) })
/** What `kvmGuestDebug` reads and writes. */
export type KvmGuestDebug = ValueOf<typeof kvmGuestDebug>
