import { layout } from '@vmm/layout'
import { type Decoded, type DecodedOperand, ripBase } from '@vmm/x86-decoder'
import { inRecord, recordBytes } from '../state-layout.ts'

const templateLayout = layout({
  /** The bytes of the head, and zeros behind them. */
  head: 'u64',
  /** The mode word that it is for. */
  mode: 'u32',
  /** Of the instruction; 0 if there is no template for this head. */
  length: 'u8',
  /** Behind the head, and last of all: how many bytes each has. */
  displacementBytes: 'u8',
  immediateBytes: 'u8',
  /** Whether what it is of ends a block, and whether it may be run without one: then its record has a handler. */
  ends: 'u8',
  passes: 'u8',
  /** What each is counted from: the next instruction, or 0. */
  displacementFrom: 'u8',
  immediateFrom: 'u8',
  unused: 'u8',
  /** The number of its shape, where blocks may have it. */
  shape: 'u16',
  /** The handler of the record behind it. */
  ending: 'u16',
  /** Bits of the immediate, sign-extended from its bytes, that go into the record. */
  mask: 'u64',
  /** The record but for both. */
  record: { bytes: recordBytes, align: 8 },
})
export const inTemplate = templateLayout.offset
export const templateBytes: number = templateLayout.size

/** How the bytes behind a head go into the record. */
export interface Tail {
  readonly length: number
  readonly displacementBytes: number
  readonly displacementFrom: number
  readonly immediateBytes: number
  readonly immediateFrom: number
  readonly maskLow: number
  readonly maskHigh: number
}

/** A number of its own for each way that a tail may be read: a shape says the rest. */
export function tailKey({ displacementBytes, displacementFrom, immediateBytes, immediateFrom }: Tail): number {
  const relative = (displacementFrom === 0 ? 0 : 1) | (immediateFrom === 0 ? 0 : 2)
  return (((displacementBytes << 4) | immediateBytes) << 2) | relative
}

/** Those of a number's halves that a record keeps. */
const lowMask = (width: number): number => (width === 8 ? 0xff : width === 16 ? 0xffff : 0xffff_ffff)
const isLong = (bytes: number): boolean => bytes === 8
const isShort = (bytes: number): boolean => bytes === 0 || bytes === 1 || bytes === 2 || bytes === 4

/** How an instruction is read behind its head, if that says all. */
export function tailOf(decoded: Decoded, headBytes: number): Tail | undefined {
  const { length, operands, count } = decoded
  const relativeToRip = decoded.base === ripBase
  // its record is not like others'
  if (relativeToRip && decoded.displacement + length > 0x7fff_ffff) return undefined
  let value: DecodedOperand | undefined
  let values = 0
  for (let position = 0; position < count; position += 1) {
    const operand = operands[position]!
    if (operand.kind === 'register' || operand.kind === 'memory') continue
    values += 1
    if (value === undefined && (operand.kind !== 'immediate' || operand.bytes !== 0)) value = operand
  }
  // a second one lies in the displacement's place
  if (values > 1 || value?.kind === 'far') return undefined
  const isRelative = value?.kind === 'relative'
  const immediateBytes = value === undefined ? 0 : isRelative ? length - headBytes : value.bytes
  const displacementBytes = length - headBytes - immediateBytes
  if (!isShort(displacementBytes) || !(isShort(immediateBytes) || isLong(immediateBytes))) return undefined
  const width = value === undefined || isRelative ? 64 : value.width
  return {
    length,
    displacementBytes,
    displacementFrom: relativeToRip ? length : 0,
    immediateBytes,
    immediateFrom: isRelative ? length : 0,
    maskLow: lowMask(width),
    maskHigh: width === 64 ? 0xffff_ffff : 0,
  }
}

const signed = (view: DataView, at: number, bytes: number): bigint => {
  let value = 0n
  for (let byte = bytes - 1; byte >= 0; byte -= 1) value = (value << 8n) | BigInt(view.getUint8(at + byte))
  return BigInt.asIntN(bytes * 8, value)
}

/** Puts the displacement and the immediate of an instruction into its record, as emitted code does. False where the displacement would not fit. */
export function applyTail(tail: Tail, headBytes: number, instruction: DataView, record: DataView): boolean {
  const { length, displacementBytes, immediateBytes } = tail
  if (displacementBytes !== 0) {
    const sum = signed(instruction, headBytes, displacementBytes) + BigInt(tail.displacementFrom)
    if (BigInt.asIntN(32, sum) !== sum) return false
    record.setInt32(inRecord.displacement, Number(sum), true)
  }
  if (immediateBytes !== 0) {
    const value = signed(instruction, length - immediateBytes, immediateBytes) + BigInt(tail.immediateFrom)
    const mask = (BigInt(tail.maskHigh) << 32n) | BigInt(tail.maskLow)
    record.setBigUint64(inRecord.immediate, value & mask, true)
  }
  return true
}
