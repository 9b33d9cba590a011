/**
 * Operations on x87 values, by the names that `x87` host calls use: the manual's mnemonics, with the bits of memory where a
 * mnemonic has several. A call carries the number of the operation in bits 7:0 and its source operand's format in 15:8.
 * Source: SDM 1 §8.3.
 */
export const x87Operations = [
  'FADD', 'FSUB', 'FSUBR', 'FMUL', 'FDIV', 'FDIVR', 'FSQRT', 'FCOM', 'FUCOM', 'FXAM',
  'FRNDINT', 'FSCALE', 'FXTRACT', 'FPREM', 'FPREM1', 'F2XM1', 'FYL2X', 'FYL2XP1', 'FPATAN', 'FPTAN', 'FSIN', 'FCOS', 'FSINCOS',
  'FLD', 'FST32', 'FST64', 'FIST16', 'FIST32', 'FIST64', 'FISTTP16', 'FISTTP32', 'FISTTP64', 'FBSTP80',
  'FLD1', 'FLDL2T', 'FLDL2E', 'FLDPI', 'FLDLG2', 'FLDLN2', 'FLDZ',
] as const
/** The name of an operation on x87 values. */
export type X87Operation = (typeof x87Operations)[number]

/** What a source operand is: a register, or memory of a format. Source: SDM 1 §4.2, §8.2. */
export const x87Formats = ['register', 'm32fp', 'm64fp', 'm16int', 'm32int', 'm64int', 'm80bcd'] as const
/** Where a source operand comes from, and its format. */
export type X87Format = (typeof x87Formats)[number]
