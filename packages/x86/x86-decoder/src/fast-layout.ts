/**
 * Where things are in the memory that `decodeMany`'s WebAssembly works in, in bytes: the code window, how many records there are, the tables of prefixes, addresses and
 * choices, records; then what a decoder has chosen so far.
 */
export const fastLayout = {
  ...{ window: 0, count: 0x1800, rexRegisters: 0x1840, choiceOfModrm: 0x1900, kept: 0x2000, added: 0x2c00 },
  ...{ addresses: 0x4000, scaledAddresses: 0x6000, entries: 0xa000, records: 0x1_0000 },
  ...{ places: 0x2_0000, forms: 0x22_0000, words: 0x42_0000, end: 0x82_0000 },
} as const

/** Records that are decoded at once. */
export const recordsAtOnce = 256

const pageBytes = 0x1_0000

/** The memory in pages. */
export const fastPages = fastLayout.end / pageBytes
