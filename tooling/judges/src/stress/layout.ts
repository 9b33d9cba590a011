/** Where things are in the memory of every program; with the identity map also in linear memory. */
export const at = {
  gdt: 0x1000,
  idt: 0x2000,
  tss: 0x3000,
  /** Two trees of page tables, four pages each: PML4, PDPT, directory, table. */
  tables: 0x4000,
  otherTables: 0x8000,
  /** What a vector without a handler leads to: HLT. */
  halt: 0xc000,
  code: 0x1_0000,
  /** Code that programs put together themselves, and pages to map it elsewhere. */
  otherCode: 0x1_8000,
  data: 0x2_0000,
  stack: 0x3_0000,
  userStack: 0x3_4000,
  innerStack: 0x3_8000,
  /** Memory ends here. */
  end: 0x4_0000,
  /** In 64-bit programs: all of memory once more, at other linear addresses. */
  alias: 0x10_0000,
  /** Where no memory is: a device with registers, and one whose bytes are code. */
  device: 0x18_0000,
  codeDevice: 0x19_0000,
} as const

export const selector = {
  code64: 0x08,
  data: 0x10,
  code32: 0x18,
  code16: 0x20,
  userData: 0x2b,
  userCode64: 0x33,
  userCode32: 0x3b,
  tss: 0x40,
  data16: 0x50,
} as const

/** Ports of the machine that programs run on. */
export const port = {
  /** An interrupt of the vector that is written comes at once. */
  interruptNow: 0x21,
  /** So many instructions later, with vector 40H. */
  timer: 0x22,
  /** A device stores what the program has laid up under that number. */
  store: 0x23,
} as const
export const timerVector = 0x40
