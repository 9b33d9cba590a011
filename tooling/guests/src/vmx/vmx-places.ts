/** Where a kernel keeps what VMX needs, a page each: near the end of 128 MiB, where nothing else of a kernel is. */
export const vmxPlace = {
  /** Whether VMX operation has been entered, and the operand of instructions that take an address. */
  isOn: 0x701_0000,
  pointer: 0x701_0008,
  /** Whether a control was wanted that the processor does not have. */
  lacks: 0x701_0010,
  region: 0x701_1000,
  vmcs: 0x701_2000,
  otherVmcs: 0x701_3000,
  ioBitmapA: 0x701_4000,
  ioBitmapB: 0x701_5000,
  msrBitmap: 0x701_6000,
  virtualApic: 0x701_7000,
  apicAccess: 0x701_8000,
  msrList: 0x701_9000,
  pageModificationLog: 0x701_a000,
  idt: 0x701_b000,
  exceptionInformation: 0x701_c000,
  /** From here on all are zero at the beginning of a check. */
  cleared: 0x701_4000,
  clearedBytes: 0x9000,
  /** Extended page tables: one of each level above, then those of the region under test. */
  ept: 0x702_0000,
  /** Of a 32-bit guest: the first 256 MiB onto themselves. */
  pageDirectory: 0x703_0000,
  /** Of a second processor: the descriptor of its INVEPT, and its region for VMXON. */
  secondDescriptor: 0x704_0000,
  secondRegion: 0x704_1000,
  /** 2 MiB that a guest sees in pages of 4 KiB. */
  fine: 0x80_0000,
} as const
