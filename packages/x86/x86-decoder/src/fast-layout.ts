/**
 * Where things are in the memory that `decodeMany`'s WebAssembly works in, in bytes: the code window, how many records there are, the tables of prefixes, addresses and
 * choices, records, what each byte of the window begins as; then what a decoder has chosen so far, what opcodes have behind them, and heads with their records (`test/head-code.ts`).
 */
export const fastLayout = {
  ...{ window: 0, count: 0x1800, rexRegisters: 0x1840, choiceOfModrm: 0x1900, kept: 0x2000, added: 0x2c00 },
  ...{ addresses: 0x4000, scaledAddresses: 0x6000, entries: 0xa000, records: 0x1_0000, leads: 0x1_8000 },
  ...{ places: 0x2_0000, forms: 0x22_0000, words: 0x42_0000, steps: 0x82_0000, heads: 0x83_0000, end: 0x143_0000 },
} as const

/** Records that are decoded at once. */
export const recordsAtOnce = 256

const pageBytes = 0x1_0000

/** The memory in pages. */
export const fastPages = fastLayout.end / pageBytes
