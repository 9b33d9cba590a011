/** Where things are in guest-physical memory; with the identity map, also in linear memory. */
export const at = {
  /** Vectors of real mode, and data. */
  low: 0,
  gdt: 0x1000,
  ldt: 0x1800,
  idt: 0x2000,
  tss: 0x3000,
  code: 0x8000,
  data: 0xc000,
  end: 0x2_0000,
  tables: 0x100_0000,
  rom: 0x10_0000,
} as const

/** Selectors' indices in the descriptor table. */
export const slot = {
  code0: 1,
  data0: 2,
  code3: 3,
  data3: 4,
  code16: 5,
  data16: 6,
  conforming: 7,
  readOnly: 8,
  expandDown: 9,
  notPresent: 10,
  tss: 12,
  ldt: 14,
  gate0: 16,
  gate3: 18,
  otherTss: 20,
  short: 22,
  executeOnly: 23,
  random: 24,
  count: 32,
} as const
