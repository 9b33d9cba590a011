import { rowAt, rows } from '@vmm/x86-opcodes'
import type { CodeSize, Decoded, DecodedOperand, OperandKind, PrefixHint, RegisterFile, Rounding } from './decoded.ts'

/** Words of 32 bits that one record takes. */
export const recordSize = 16

/**
 * Where things are in a record, in words. `row` is negative where the bytes are no instruction (see `recordFailures`). `flags`, `address` and the
 * five words from `operands` on hold several fields each: `flagFields`, `addressFields` and `operandFields`. `second` is the second immediate, the
 * selector of a far pointer, or the upper half of a 64-bit moffs address. `offset` is where the instruction begins.
 */
export const recordWords = {
  ...{ length: 0, row: 1, flags: 2, address: 3, displacement: 4, low: 5, high: 6, second: 7 },
  ...{ operands: 8, offset: 13 },
} as const

/** Where a field is in its word: bits below it, and bits of it. */
export interface Field {
  readonly shift: number
  readonly bits: number
}

/** Fields of `flags`: sizes are codes of `sizeCodes`, of a vector of `widthCodes`. */
export const flagFields = {
  count: { shift: 0, bits: 3 },
  codeSize: { shift: 3, bits: 2 },
  operandSize: { shift: 5, bits: 2 },
  rep: { shift: 7, bits: 2 },
  lock: { shift: 9, bits: 1 },
  vectorLength: { shift: 10, bits: 4 },
  mask: { shift: 14, bits: 3 },
  zeroing: { shift: 17, bits: 1 },
  broadcast: { shift: 18, bits: 1 },
  rounding: { shift: 19, bits: 3 },
  /** The displacement has 64 bits; its upper half is `second`. */
  wideDisplacement: { shift: 22, bits: 1 },
  /** A place in `hintCodes`. */
  hint: { shift: 23, bits: 3 },
  noFlags: { shift: 26, bits: 1 },
  condition: { shift: 27, bits: 4 },
} as const satisfies Readonly<Record<string, Field>>

/** Fields of `address`: base and index are one more than the register, 0 where there is none. */
export const addressFields = {
  base: { shift: 0, bits: 6 },
  index: { shift: 6, bits: 6 },
  scale: { shift: 12, bits: 2 },
  indexWidth: { shift: 14, bits: 4 },
  segment: { shift: 18, bits: 3 },
  segmentOverride: { shift: 21, bits: 1 },
  addressSize: { shift: 22, bits: 2 },
  noTrack: { shift: 24, bits: 1 },
  defaultFlags: { shift: 25, bits: 4 },
} as const satisfies Readonly<Record<string, Field>>

/**
 * Fields of an operand: its kind in `operandKinds`, its file in `registerFiles`, its width in `widthCodes`. An immediate of no bytes has its value in
 * `index`; one with `high` has it in `second`.
 */
export const operandFields = {
  index: { shift: 0, bits: 5 },
  high: { shift: 5, bits: 1 },
  bytes: { shift: 6, bits: 4 },
  kind: { shift: 10, bits: 3 },
  file: { shift: 13, bits: 4 },
  width: { shift: 17, bits: 4 },
} as const satisfies Readonly<Record<string, Field>>

/** Code, operand and address sizes in the order of their codes. */
export const sizeCodes = [16, 32, 64] as const

/** Widths of operands and vectors in the order of their codes. */
export const widthCodes = [0, 8, 16, 32, 64, 80, 128, 256, 384, 512, 8192, 1024] as const

/** Kinds of operands in the order of their codes. */
export const operandKinds = ['register', 'memory', 'immediate', 'relative', 'far'] as const

/** Register files in the order of their codes. */
export const registerFiles = [
  ...(['gpr', 'segment', 'control', 'debug', 'x87', 'mmx', 'xmm', 'opmask'] as const),
  ...(['bound', 'tile', 'blockScale'] as const),
] as const satisfies readonly RegisterFile[]

/** Roundings in the order of their codes. */
const roundingCodes = ['none', 'nearest', 'down', 'up', 'zero', 'sae'] as const satisfies readonly Rounding[]

/** REP prefixes in the order of their codes. */
const repCodes = ['none', 'rep', 'repne'] as const

/** Hints in the order of their codes, without LOCK and with it. */
const hintCodes = [
  ...(['none', 'xacquire', 'xrelease', 'bnd', 'none', 'none', 'none', 'none'] as const),
  ...(['none', 'xacquire', 'xrelease', 'bnd', 'none', 'xacquire', 'xrelease', 'none'] as const),
] as const satisfies readonly PrefixHint[]

/** Why there is no instruction: a record's row is -1, -2 or -3. */
export const recordFailures = ['invalid', 'truncated', 'too-long'] as const

/** A value in its place. */
export const put = ({ shift }: Field, value: number): number => value << shift

// constants of this module are constants in compiled code, what it exports is not
const [sizes, widths, kinds, files, roundings, reps, hints] = [
  sizeCodes,
  widthCodes,
  operandKinds,
  registerFiles,
  roundingCodes,
  repCodes,
  hintCodes,
]
const {
  length: lengthWord,
  row: rowWord,
  flags: flagsWord,
  address: addressWord,
  displacement: displacementWord,
} = recordWords
const { low: lowWord, high: highWord, second: secondWord, operands: operandsWord } = recordWords

const mnemonics = new Array<string>(rows.length).fill('')

/** The mnemonic of a row that nobody has met before. */
function mnemonicOf(row: number): string {
  mnemonics[row] = rowAt(row).mnemonic
  return mnemonics[row]
}

/** Fills `out` with the record number `number`, which is an instruction's. */
export function unpack(records: Int32Array, number: number, out: Decoded): void {
  const at = number * recordSize
  const flags = records[at + flagsWord]!
  out.length = records[at + lengthWord]!
  out.row = records[at + rowWord]!
  out.mnemonic = mnemonics[out.row] || mnemonicOf(out.row)
  out.codeSize = sizes[(flags >> 3) & 3] as CodeSize
  out.operandSize = sizes[(flags >> 5) & 3]!
  out.lock = (flags & 0x200) !== 0
  out.rep = reps[(flags >> 7) & 3]!
  out.hint = hints[((flags >> 23) & 7) | ((flags >> 6) & 8)]!
  out.vectorLength = widths[(flags >> 10) & 15] as Decoded['vectorLength']
  out.mask = (flags >> 14) & 7
  out.zeroing = (flags & 0x2_0000) !== 0
  out.broadcast = (flags & 0x4_0000) !== 0
  out.rounding = roundings[(flags >> 19) & 7]!
  out.noFlags = (flags & 0x400_0000) !== 0
  out.condition = (flags >> 27) & 15
  out.count = flags & 7
  unpackAddress(records, at, out)
  out.displacementHigh = (flags & 0x40_0000) === 0 ? out.displacement >> 31 : records[at + secondWord]!
  for (let operand = 0; operand < out.count; operand += 1) unpackOperand(records, at, operand, out.operands[operand]!)
}

function unpackAddress(records: Int32Array, at: number, out: Decoded): void {
  const address = records[at + addressWord]!
  out.base = (address & 63) - 1
  out.index = ((address >> 6) & 63) - 1
  out.scale = (address >> 12) & 3
  out.indexWidth = widths[(address >> 14) & 15]!
  out.segment = (address >> 18) & 7
  out.segmentOverride = (address & 0x20_0000) !== 0
  out.addressSize = sizes[(address >> 22) & 3]!
  out.noTrack = (address & 0x100_0000) !== 0
  out.defaultFlags = (address >> 25) & 15
  out.displacement = records[at + displacementWord]!
}

function unpackOperand(records: Int32Array, at: number, number: number, out: DecodedOperand): void {
  const word = records[at + operandsWord + number]!
  const kind = (word >> 10) & 7
  out.kind = kinds[kind] as OperandKind
  out.width = widths[(word >> 17) & 15]!
  if (kind === 0) {
    out.file = files[(word >> 13) & 15]!
    out.index = word & 31
    out.highByte = (word & 32) !== 0
  } else if (kind > 1) unpackValue(records, at, word, out)
}

function unpackValue(records: Int32Array, at: number, word: number, out: DecodedOperand): void {
  const second = records[at + secondWord]!
  out.bytes = (word >> 6) & 15
  out.low = records[at + lowWord]!
  out.high = records[at + highWord]!
  if (out.kind === 'far') out.high = second
  else if (out.kind === 'immediate' && (out.bytes === 0 || (word & 32) !== 0)) {
    out.low = out.bytes === 0 ? word & 31 : second
    out.high = 0
  }
}
