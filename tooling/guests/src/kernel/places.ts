/** Where a kernel keeps what it writes. The image lies at 1 MiB and is copied to nowhere. */
export const place = {
  image: 0x10_0000,
  /** Stubs of the interrupt handlers, sixteen bytes each: their addresses must be known before the image is laid out. */
  stubs: 0x10_0100,
  /** The GDT, IDT and TSS as they should be at the beginning of a check. */
  pristine: 0x10_0400,
  /** Tables in use; each check begins with fresh copies. */
  gdt: 0x20_0000,
  idt: 0x20_0800,
  tss: 0x20_2000,
  ldt: 0x20_5000,
  /** Room for the task-state segments of a check. */
  otherTss: 0x20_6000,
  /** What the last fault left: see `recordFields`. */
  record: 0x21_0000,
  /** What a check stored to be printed. */
  values: 0x21_0200,
  /** Where a fault goes on. */
  resume: 0x21_0300,
  /** Tops of stacks: the kernel's, of handlers that come from outer levels, of programs, and more to use. */
  stack: 0x22_0000,
  innerStack: 0x23_0000,
  userStack: 0x24_0000,
  otherStack: 0x25_0000,
  /** A page of data to play with, and the one behind it. */
  scratch: 0x28_0000,
  pageTables: 0x30_0000,
  /** 16-bit code. */
  low: 0x1_0000,
  /** Top of a 16-bit stack. */
  lowStack: 0x2_fff0,
} as const

/** Selectors of the descriptors that every kernel has; from `free` on a check may make its own. */
export const selector = {
  code: 0x08,
  data: 0x10,
  userCode: 0x1b,
  userData: 0x23,
  tss: 0x28,
  /** 16 bytes in 64-bit kernels: the next one is behind. */
  code16: 0x38,
  data16: 0x40,
  code64: 0x48,
  userCode64: 0x53,
  free: 0x58,
} as const

/** The vector by which a program of CPL 3 gives the processor back. */
export const leaveVector = 0x20

/** What is kept of a fault, eight bytes each, in the order in which the handler pushed it. */
export const recordFields = [
  'edi',
  'esi',
  'ebp',
  'handlerEsp',
  'ebx',
  'edx',
  'ecx',
  'eax',
  'vector',
  'error',
  'eip',
  'cs',
  'eflags',
  'esp',
  'ss',
  'v86es',
  'v86ds',
  'v86fs',
  'v86gs',
  'cr2',
  'dr6',
  'tr',
  /** The handler's own FS. */
  'fs',
] as const

/** A part of what is kept of a fault. */
export type RecordField = (typeof recordFields)[number]

/** Address of a part. */
export const recordAt = (field: RecordField): number => place.record + recordFields.indexOf(field) * 8
