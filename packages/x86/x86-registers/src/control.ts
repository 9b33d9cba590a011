import { bit, bits, type Fields } from '@vmm/bits'

/** CR0. Source: SDM 3A §2.5. */
export const cr0 = {
  PE: bit(0, 'Protection enable'),
  MP: bit(1, 'WAIT obeys TS'),
  EM: bit(2, 'x87 is emulated'),
  TS: bit(3, 'Task switched'),
  ET: bit(4, 'Extension type, always one'),
  NE: bit(5, 'x87 errors are #MF'),
  WP: bit(16, 'Supervisor writes obey read-only pages'),
  AM: bit(18, 'Alignment checks obey RFLAGS.AC'),
  NW: bit(29, 'Not write-through'),
  CD: bit(30, 'Cache disable'),
  PG: bit(31, 'Paging'),
} as const satisfies Fields

/** CR3 as 4-level paging without PCIDs reads it. Source: SDM 3A §2.5. */
export const cr3 = {
  PWT: bit(3, 'Page-level write-through'),
  PCD: bit(4, 'Page-level cache disable'),
  BASE: bits(51, 12, 'Physical address of the first table'),
  LAM_U57: bit(61, 'Bits 62:57 of user pointers are metadata'),
  LAM_U48: bit(62, 'Bits 62:48 of user pointers are metadata, unless LAM_U57 is set'),
} as const satisfies Fields

/** CR4. Source: SDM 3A §2.5. */
export const cr4 = {
  VME: bit(0, 'Virtual-8086 mode extensions'),
  PVI: bit(1, 'Protected-mode virtual interrupts'),
  TSD: bit(2, 'RDTSC only at CPL 0'),
  DE: bit(3, 'Debugging extensions'),
  PSE: bit(4, '4-MByte pages in 32-bit paging'),
  PAE: bit(5, 'Physical address extension'),
  MCE: bit(6, 'Machine-check enable'),
  PGE: bit(7, 'Global pages'),
  PCE: bit(8, 'RDPMC at any CPL'),
  OSFXSR: bit(9, 'FXSAVE and SSE'),
  OSXMMEXCPT: bit(10, 'SIMD exceptions are #XM'),
  UMIP: bit(11, 'SGDT SIDT SLDT SMSW STR only at CPL 0'),
  LA57: bit(12, '5-level paging'),
  VMXE: bit(13, 'VMX'),
  SMXE: bit(14, 'SMX'),
  FSGSBASE: bit(16, 'RDFSBASE and its like'),
  PCIDE: bit(17, 'Process-context identifiers'),
  OSXSAVE: bit(18, 'XSAVE and XCR0'),
  KL: bit(19, 'Key Locker'),
  SMEP: bit(20, 'Supervisor does not execute user pages'),
  SMAP: bit(21, 'Supervisor does not touch user pages'),
  PKE: bit(22, 'Protection keys for user pages'),
  CET: bit(23, 'Control-flow enforcement'),
  PKS: bit(24, 'Protection keys for supervisor pages'),
  LAM_SUP: bit(28, 'Upper bits of supervisor pointers are metadata'),
} as const satisfies Fields

/** IA32_EFER. Source: SDM 3A §2.2.1. */
export const efer = {
  SCE: bit(0, 'SYSCALL enable'),
  LME: bit(8, 'IA-32e mode enable'),
  LMA: bit(10, 'IA-32e mode active'),
  NXE: bit(11, 'Execute-disable enable'),
} as const satisfies Fields

/** IA32_U_CET and IA32_S_CET. Source: SDM 1 §17.2.1. */
export const cet = {
  SH_STK_EN: bit(0, 'Shadow stacks'),
  WR_SHSTK_EN: bit(1, 'WRSSD and WRSSQ'),
  ENDBR_EN: bit(2, 'Indirect branch tracking'),
  LEG_IW_EN: bit(3, 'Legacy code compatibility'),
  NO_TRACK_EN: bit(4, 'No-track prefixes'),
  SUPPRESS_DIS: bit(5, 'No suppression of tracking'),
  SUPPRESS: bit(10, 'Tracking is suppressed'),
  TRACKER: bit(11, 'The next instruction must be ENDBRANCH'),
  EB_LEG_BITMAP_BASE: bits(63, 12, 'Legacy code page bitmap'),
} as const satisfies Fields

/** XCR0. Source: SDM 1 §13.3. */
export const xcr0 = {
  X87: bit(0, 'x87 state, always one'),
  SSE: bit(1, 'XMM registers and MXCSR'),
  AVX: bit(2, 'Upper halves of YMM registers'),
  PKRU: bit(9, 'Protection-key rights'),
} as const satisfies Fields

/** DR6. Source: SDM 3B §18.2.3. */
export const dr6 = {
  B0: bit(0, 'Breakpoint 0 was met'),
  B1: bit(1, 'Breakpoint 1 was met'),
  B2: bit(2, 'Breakpoint 2 was met'),
  B3: bit(3, 'Breakpoint 3 was met'),
  BLD: bit(11, 'Zero after a bus lock'),
  BD: bit(13, 'A debug register was touched under GD'),
  BS: bit(14, 'Single step'),
  BT: bit(15, 'Task switch'),
  RTM: bit(16, 'Zero inside a transaction'),
} as const satisfies Fields

/** The bits of DR6 that always read as one. */
export const dr6Fixed = 0xffff_0ff0n

/** DR7. Source: SDM 3B §18.2.4. */
export const dr7 = {
  L0: bit(0, 'Local enable 0'),
  G0: bit(1, 'Global enable 0'),
  L1: bit(2, 'Local enable 1'),
  G1: bit(3, 'Global enable 1'),
  L2: bit(4, 'Local enable 2'),
  G2: bit(5, 'Global enable 2'),
  L3: bit(6, 'Local enable 3'),
  G3: bit(7, 'Global enable 3'),
  LE: bit(8, 'Local exact'),
  GE: bit(9, 'Global exact'),
  RTM: bit(11, 'Debugging of transactions'),
  GD: bit(13, 'General detect'),
  RW0: bits(17, 16, 'What breakpoint 0 watches'),
  LEN0: bits(19, 18, 'How wide breakpoint 0 is'),
  RW1: bits(21, 20, 'What breakpoint 1 watches'),
  LEN1: bits(23, 22, 'How wide breakpoint 1 is'),
  RW2: bits(25, 24, 'What breakpoint 2 watches'),
  LEN2: bits(27, 26, 'How wide breakpoint 2 is'),
  RW3: bits(29, 28, 'What breakpoint 3 watches'),
  LEN3: bits(31, 30, 'How wide breakpoint 3 is'),
} as const satisfies Fields

/** The bit of DR7 that always reads as one. */
export const dr7Fixed = 0x400n
