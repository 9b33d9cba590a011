/** Where things lie in a guest's memory, which is mapped onto itself; what is above `data` belongs to the load. */
export const place = {
  image: 0x10_0000,
  /** Top-level tables, then from `pageTables` on one entry for each page of RAM. */
  tables: 0x20_0000,
  pageTables: 0x21_0000,
  idt: 0x2f_0000,
  stack: 0x2f_8000,
  kernelStack: 0x2f_c000,
  /** Words that the frame keeps: rounds left, the sum so far, where the stack was. */
  rounds: 0x2f_e000,
  sum: 0x2f_e008,
  savedStack: 0x2f_e010,
  cell: 0x2f_e100,
  data: 0x40_0000,
} as const

/** RAM that is mapped in pages of 4 KiB. */
export const ram = 128 << 20

export const pageBytes = 4096

/** Selectors in the order that SYSCALL and SYSRET want them. */
export const selector = { code: 0x08, data: 0x10, userData: 0x1b, userCode: 0x23, tss: 0x28 } as const

/** The local APIC's page, which has a mapping too. */
export const apicAddress = 0xfee0_0000
