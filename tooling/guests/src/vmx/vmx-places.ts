/** Where a kernel keeps what VMX needs, a page each; the places of other kernels end before. */
export const vmxPlace = {
  /** Whether VMX operation has been entered, and the operand of instructions that take an address. */
  isOn: 0x41_0000,
  pointer: 0x41_0008,
  region: 0x41_1000,
  vmcs: 0x41_2000,
  otherVmcs: 0x41_3000,
  ioBitmapA: 0x41_4000,
  ioBitmapB: 0x41_5000,
  msrBitmap: 0x41_6000,
  virtualApic: 0x41_7000,
  apicAccess: 0x41_8000,
  msrList: 0x41_9000,
  pageModificationLog: 0x41_a000,
  /** From here on all are zero at the beginning of a check. */
  cleared: 0x41_4000,
  clearedBytes: 0x7000,
  /** Extended page tables: one of each level above, then those of the region under test. */
  ept: 0x42_0000,
  /** Of a 32-bit guest: the first 256 MiB onto themselves. */
  pageDirectory: 0x43_0000,
  /** 2 MiB that a guest sees in pages of 4 KiB. */
  fine: 0x80_0000,
} as const
