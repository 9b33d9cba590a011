/**
 * A form of lines is all of a line but registers, addresses and numbers. So many words, these: four that tell it from others, `traits`, what of an immediate counts, and
 * two texts with their lengths: mnemonic with what is before and behind it, and the size of memory.
 */
export const formStride = 32
export const formCount = 1 << 12
export const formWords = { traits: 4, mask: 5, head: 6, size: 7, headText: 8, sizeText: 16 } as const

/** Traits of a form: how many operands there are in the lowest two bits. */
export const traits = {
  count: 3,
  /** No form: something that is rare is in it. */
  odd: 4,
  /** Its immediate has 64 bits. */
  wide: 8,
  /** Branches go to an address of so many bits, else of 64. */
  target16: 16,
  target32: 32,
} as const

/** An address has a word that tells it from others; the length of its text, its kind from bit 8 and the code of its size from bit 10 on; and its text. */
export const addressStride = 8
export const addressCount = 1 << 11

/** What the number of an address is: added to registers, alone, or counted from the end of the instruction. */
export const addressOfKind = { sum: 0, absolute: 1, rip: 2 } as const

/** A register has seven bytes of text, and their number in the last. */
export const registerStride = 2
