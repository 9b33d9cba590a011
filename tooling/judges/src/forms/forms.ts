import { createDecoded, createDecoder, type Decoded, noRegister, ripBase } from '@vmm/x86-decoder'
import { type OpcodeRow, placeOf, rows, sizedMnemonics } from '@vmm/x86-opcodes'
import { isExecuted } from '@vmm/x86-semantics'
import { encoded, formOf, type Habits } from '../cpu/encoding.ts'
import { sizesOf, unjudged } from '../cpu/generate.ts'
import { Random, seedFor } from '../cpu/random.ts'
import { dataOffset, place } from '../cpu/snippet.ts'

/** What ModRM.r/m is in a form; `none` where there is no choice. */
export type Where = 'register' | 'memory' | 'none'

/** An encoding of a form. */
export interface Encoding {
  readonly bytes: Uint8Array
  readonly codeSize: 32 | 64
}

/** A row with what its operands are: the unit that is judged. */
export interface InstructionForm {
  /** The row's number. */
  readonly row: number
  readonly where: Where
  /** Operand size or vector length in bits, where the row has several; else 0. */
  readonly width: number
  readonly vectorLength: Decoded['vectorLength']
  readonly encodings: readonly Encoding[]
  /** Why there are no encodings to be judged. */
  readonly reason: string | undefined
}

/** Encodings that are tried for each row in each size of code, and how many of a form are kept. */
const tries = 240
const kept = 12
const habits: Habits = { lock: 1000, repeat: 40, operandSize: 3, addressSize: 12, segment: 30, vexEverywhere: true }

const { decode } = createDecoder(isExecuted)
const decoded = createDecoded()

/** Every form of the rows asked for that an engine executes, with random encodings: the same ones whichever rows are asked for. */
export function formsOf(seed: number, isAsked: (row: OpcodeRow) => boolean): readonly InstructionForm[] {
  return rows.flatMap((row, number) =>
    isExecuted(row) && isAsked(row) ? formsOfRow(new Random(seedFor(seed, nameOf(row))), row, number) : [],
  )
}

/** What tells a row from all others. */
const nameOf = ({ opcode, operands, mnemonic, needs = '' }: OpcodeRow): string =>
  [opcode, operands.join(' '), mnemonic, needs].join(' ')

/** What tells a form from all others. */
export const formName = ({ row, where, width }: Pick<InstructionForm, 'row' | 'where' | 'width'>): string =>
  [nameOf(rows[row]!), where, width].join(' ')

interface Found {
  readonly where: Where
  readonly width: number
  readonly vectorLength: Decoded['vectorLength']
  readonly encodings: Encoding[]
  reason: string | undefined
}

function formsOfRow(random: Random, row: OpcodeRow, number: number): readonly InstructionForm[] {
  const found = new Map<string, Found>()
  const form = formOf(row)
  for (const codeSize of sizesOf(row.opcode, row.attributes)) {
    for (let attempt = 0; attempt < tries; attempt += 1) {
      const bytes = encoded(random, form, codeSize, habits)
      if (decode(bytes, 0, bytes.length, codeSize, decoded) !== undefined || decoded.row !== number) continue
      const key = { where: whereOf(row, decoded), width: sizeOf(row, decoded), vectorLength: decoded.vectorLength }
      const text = `${key.where} ${key.width}`
      const one = found.get(text) ?? { ...key, encodings: [], reason: undefined }
      found.set(text, one)
      add(one, bytes.slice(0, decoded.length), codeSize)
    }
  }
  if (found.size === 0)
    return [
      { row: number, where: 'none', width: 0, vectorLength: 0, encodings: [], reason: 'no bytes of it were found' },
    ]
  return [...found.values()].map((one) => ({
    row: number,
    ...one,
    reason: one.encodings.length > 0 ? undefined : (one.reason ?? 'its memory is out of reach'),
  }))
}

function add(to: Found, bytes: Uint8Array, codeSize: 32 | 64): void {
  const reason = unjudged(decoded, bytes)
  to.reason ??= reason
  // 32-bit code has a third of what is kept
  const most = codeSize === 64 ? kept : Math.max(kept / 3, kept - to.encodings.length)
  const same = to.encodings.filter((one) => one.codeSize === codeSize).length
  if (reason === undefined && same < most && intoReach(bytes)) to.encodings.push({ bytes, codeSize })
}

function whereOf({ operands }: OpcodeRow, { operands: actual }: Decoded): Where {
  const at = operands.findIndex((code) => placeOf(code).place === 'rm')
  if (at < 0) return 'none'
  return actual[at]!.kind === 'memory' ? 'memory' : 'register'
}

const sized: ReadonlySet<string> = new Set(['v', 'z', 'y', 'a'])

/** What of a row depends on its size: operands, or a mnemonic that has a name for each. */
function sizeOf({ operands, mnemonic }: OpcodeRow, { operandSize, vectorLength }: Decoded): number {
  const sizes = operands.map(placeOf).flatMap((place) => ('size' in place ? [String(place.size)] : []))
  if (sizes.some((size) => size.startsWith('x'))) return vectorLength
  return sizes.some((size) => sized.has(size)) || Object.hasOwn(sizedMnemonics, mnemonic) ? operandSize : 0
}

/** Whether the memory that bytes name can be met: an address that is all in the bytes is changed into one that is. */
function intoReach(bytes: Uint8Array): boolean {
  const operands = decoded.operands.slice(0, decoded.count)
  if (!operands.some(({ kind }) => kind === 'memory') || decoded.base !== noRegister || decoded.index !== noRegister)
    return decoded.base !== ripBase
  if (decoded.addressSize === 16) return false
  const immediates = operands.reduce((sum, { kind, bytes: taken }) => sum + (kind === 'immediate' ? taken : 0), 0)
  const isMoffs = rows[decoded.row]!.operands.some((code) => placeOf(code).place === 'moffs')
  const wide = isMoffs && decoded.addressSize === 64 ? 8 : 4
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  view.setUint32(bytes.length - immediates - wide, place.data + dataOffset + 64, true)
  if (wide === 8) view.setUint32(bytes.length - 4, 0, true)
  return true
}
