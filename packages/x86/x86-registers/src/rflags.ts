import { bit, bits, type Fields, maskOf } from '@vmm/bits'

/** RFLAGS. Source: SDM 1 §3.4.3, Figure 3-8. */
export const rflags = {
  CF: bit(0, 'Carry'),
  PF: bit(2, 'Parity of the low byte'),
  AF: bit(4, 'Carry out of bit 3'),
  ZF: bit(6, 'Zero'),
  SF: bit(7, 'Sign'),
  TF: bit(8, 'Trap after each instruction'),
  IF: bit(9, 'Maskable interrupts are taken'),
  DF: bit(10, 'String instructions count down'),
  OF: bit(11, 'Overflow'),
  IOPL: bits(13, 12, 'I/O privilege level'),
  NT: bit(14, 'Nested task'),
  RF: bit(16, 'Resume: no instruction breakpoint'),
  VM: bit(17, 'Virtual-8086 mode'),
  AC: bit(18, 'Alignment check, or SMAP override'),
  VIF: bit(19, 'Virtual interrupt flag'),
  VIP: bit(20, 'Virtual interrupt pending'),
  ID: bit(21, 'CPUID is there'),
} as const satisfies Fields

/** Bit 1 always reads as one. */
export const rflagsFixed = 0x2n

/** The six flags that arithmetic writes. */
export const arithmeticFlags = ['CF', 'PF', 'AF', 'ZF', 'SF', 'OF'] as const
export type ArithmeticFlag = (typeof arithmeticFlags)[number]

/** CF PF AF ZF SF OF in place. */
export const arithmeticMask = arithmeticFlags.reduce((mask, flag) => mask | maskOf(rflags[flag]), 0n)
