/**
 * Floating-point exception flags, at their places in MXCSR and in the x87 status word. The masks of MXCSR (shifted
 * right by 7) and of the x87 control word have the same order. Source: SDM 1 §8.1.3, §10.2.3.
 */
export const IE = 0x01
/** Denormal operand. */
export const DE = 0x02
/** Zero divide. */
export const ZE = 0x04
/** Overflow. */
export const OE = 0x08
/** Underflow. */
export const UE = 0x10
/** Precision: the result was rounded. */
export const PE = 0x20

/** All six exceptions masked: what the CPU starts with. */
export const allMasked = 0x3f

/** The exceptions that are found before anything is computed; unmasked, they prevent the operation. */
export const preComputation = IE | DE | ZE
