import { layout } from '@vmm/layout'
import type { Decoded } from '@vmm/x86-decoder'
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
  unused: 'u8',
  /** What each is counted from: the next instruction, or 0. */
  displacementFrom: 'i32',
  immediateFrom: 'u16',
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
  readonly mask: bigint
}

const masks: Readonly<Record<number, bigint>> = { 8: 0xffn, 16: 0xffffn, 32: 0xffff_ffffn, 64: (1n << 64n) - 1n }

/** How an instruction is read behind its head, if that says all. The base of its address says whether it is relative to RIP. */
export function tailOf(decoded: Decoded, headBytes: number, relativeToRip: boolean): Tail | undefined {
  const { length } = decoded
  const values = decoded.operands.slice(0, decoded.count).filter(({ kind }) => kind !== 'register' && kind !== 'memory')
  const value = values.find(({ kind, bytes }) => kind !== 'immediate' || bytes !== 0)
  // a second one lies in the displacement's place
  if (value?.kind === 'far' || values.length > 1) return undefined
  const isRelative = value?.kind === 'relative'
  const immediateBytes = value === undefined ? 0 : isRelative ? length - headBytes : value.bytes
  const displacementBytes = length - headBytes - immediateBytes
  if (![0, 1, 2, 4].includes(displacementBytes) || ![0, 1, 2, 4, 8].includes(immediateBytes)) return undefined
  return {
    length,
    displacementBytes,
    displacementFrom: relativeToRip ? length : 0,
    immediateBytes,
    immediateFrom: isRelative ? length : 0,
    mask: masks[value === undefined || isRelative ? 64 : value.width] ?? 0n,
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
    record.setBigUint64(inRecord.immediate, value & tail.mask, true)
  }
  return true
}
