import type { Candidate } from './candidates.ts'
import type { Choices } from './choose.ts'
import { code, codeView } from './code-window.ts'
import { ripBase } from './decoded.ts'
import { formSize, formWords, rounds, templateShift, traits, widthCode, widthOf } from './forms.ts'
import { lengthShift, overrideShift, stateBits } from './prefixes.ts'
import { addressFields, flagFields, operandFields, put, recordWords, sizeCodes, widthCodes } from './record.ts'
import { highBase, highIndex, introduced } from './vector-prefix.ts'

/** Why there is no instruction, instead of where it ends. */
export const [isInvalid, isCut] = [-1, -2]

/** What decoding knows of an instruction that takes the long way. */
export const rare = {
  form: 0,
  state: 0,
  modrm: 0,
  registers: 0,
  codeSize: 0,
  /** A place in `addressKinds`' tables, where ModRM ends, and where all that is known ends. */
  addressKind: 0,
  addressAt: 0,
  position: 0,
}

/** 8-bit registers 4 to 7 are AH CH DH BH unless a REX prefix is there. SDM 1 §3.4.1.1. */
export function fillHighBytes(records: Int32Array, at: number): void {
  for (let place = at; place < at + 3; place += 1) {
    const word = records[place]!
    // a register, general, of 8 bits
    if ((word & byteRegister.mask) === byteRegister.value && (word & 4) !== 0) records[place] = (word ^ 4) | (1 << 5)
  }
}

const fieldMask = ({ shift, bits }: { shift: number; bits: number }): number => ((1 << bits) - 1) << shift

const byteRegister = {
  mask: fieldMask(operandFields.kind) | fieldMask(operandFields.file) | fieldMask(operandFields.width),
  value: put(operandFields.width, widthCode(8)),
}

/** Does what most instructions do without: gives where the instruction ends, or why it is none. */
export function finish(choices: Choices, start: number, limit: number, records: Int32Array, at: number): number {
  const { state } = rare
  const { words } = choices
  const from = rare.form * formSize
  const trait = words[from + formWords.traits]!
  const candidate = choices.candidates[rare.form]!
  const isExtended = (state & (stateBits.rex2 | stateBits.evex)) !== 0
  if (isExtended && introduced.high !== 0) fillHighRegisters(candidate, records, at)
  if ((state & stateBits.vector) !== 0 && !vectorFields(candidate, records, at)) return isInvalid
  if ((state & stateBits.rex2) !== 0 && candidate.noRex2) return isInvalid
  if ((trait & traits.many) !== 0) fillMore(words, from + formWords.operands, records, at + recordWords.operands)
  if ((state & stateBits.segment) !== 0) overrideSegment(state, records, at)
  if ((trait & traits.address64) !== 0 && rare.codeSize === 2) widenAddress(records, at)
  if ((trait & traits.addressWide) !== 0) fillAddressWide(candidate, records, at)
  if ((trait & (traits.numbers | traits.moffs)) !== 0) fillNumbers(trait, words[from + formWords.bytes]!, records, at)
  if ((trait & traits.lastByte) !== 0) fillLastByte(words, from + formWords.operands, records, at)
  if (rare.position > limit) return isCut
  if ((trait & traits.scarce) !== 0 && !registersExist(candidate, trait, records, at)) return isInvalid
  if ((state & stateBits.lock) !== 0) {
    if ((trait & traits.lockable) === 0) return isInvalid
    records[at + recordWords.flags]! |= put(flagFields.lock, 1)
  }
  if ((trait & traits.careful) !== 0 && !isAllowed(candidate, records, at)) return isInvalid
  records[at + recordWords.length] = rare.position - start
  return rare.position
}

/** The fifth bits of registers that tables know nothing of: of an address, and of a general register in ModRM.r/m behind EVEX. */
function fillHighRegisters({ places, anyMod }: Candidate, records: Int32Array, at: number): void {
  if (rare.modrm >= 0xc0) {
    if ((rare.state & stateBits.evex) === 0 || (introduced.high & highBase) === 0) return
    for (const [number, place] of places.entries())
      if (place.place === 'rm' && place.file === 'gpr') records[at + recordWords.operands + number]! |= 16
  } else if (!anyMod) fillHighAddress(records, at)
}

function fillHighAddress(records: Int32Array, at: number): void {
  const { base, index, scale, segment } = addressFields
  let address = records[at + recordWords.address]!
  const isSib = (rare.modrm & 7) === 4
  const baseNumber = address & fieldMask(base)
  if ((introduced.high & highBase) !== 0 && baseNumber !== 0 && baseNumber <= 16)
    address = ((address & ~fieldMask(segment)) | put(segment, 3)) + put(base, 16)
  if ((introduced.high & highIndex) !== 0 && isSib) {
    const sib = code[rare.addressAt]!
    const register = 16 | ((sib >> 3) & 7) | ((rare.state & stateBits.x) === 0 ? 0 : 8)
    address = (address & ~(fieldMask(index) | fieldMask(scale))) | put(index, register + 1) | put(scale, sib >> 6)
  }
  records[at + recordWords.address] = address
}

function fillMore(words: Int32Array, from: number, records: Int32Array, at: number): void {
  for (let operand = 3; operand < 5; operand += 1) {
    const template = words[from + operand]!
    records[at + operand] = (template >> templateShift) | ((rare.registers >>> (template & 31)) & (template >> 5) & 31)
  }
}

function overrideSegment(state: number, records: Int32Array, at: number): void {
  const { segment, segmentOverride, noTrack } = addressFields
  const override = (state & stateBits.override) >> overrideShift
  const address = records[at + recordWords.address]!
  const chosen = override === 0 ? address : (address & ~fieldMask(segment)) | put(segment, override - 1)
  const untracked = (state & stateBits.noTrack) === 0 ? 0 : put(noTrack, 1)
  records[at + recordWords.address] = chosen | put(segmentOverride, 1) | untracked
}

/** In 64-bit code addresses have 64 bits whatever the prefixes say. */
function widenAddress(records: Int32Array, at: number): void {
  const address = at + recordWords.address
  records[address] = (records[address]! & ~fieldMask(addressFields.addressSize)) | put(addressFields.addressSize, 2)
}

const addressSizeOf = (records: Int32Array, at: number): number =>
  sizeCodes[(records[at + recordWords.address]! >> addressFields.addressSize.shift) & 3]!

/** Operands that are as wide as an address. */
function fillAddressWide({ places }: Candidate, records: Int32Array, at: number): void {
  for (const [number, place] of places.entries()) {
    if (!('size' in place) || place.size !== 'a') continue
    records[at + recordWords.operands + number]! |= put(operandFields.width, widthCode(addressSizeOf(records, at)))
  }
}

/** Numbers that are not alone, or longer than 32 bits. */
function fillNumbers(trait: number, bytes: number, records: Int32Array, at: number): void {
  if ((trait & traits.moffs) !== 0) {
    fillMoffs(records, at)
    return
  }
  const isFar = (records[at + recordWords.operands]! >> operandFields.kind.shift) % 8 === 4
  if (bytes === 8) {
    // four of the eight bytes are behind
    records[at + recordWords.low] = codeView.getInt32(rare.position - 8, true)
    records[at + recordWords.high] = codeView.getInt32(rare.position - 4, true)
  } else if (isFar) {
    records[at + recordWords.second] = codeView.getUint16(rare.position, true)
    rare.position += 2
  } else {
    records[at + recordWords.second] = code[rare.position]!
    rare.position += 1
  }
}

/** An address that is an offset as wide as addresses are. */
function fillMoffs(records: Int32Array, at: number): void {
  const size = addressSizeOf(records, at)
  const { position } = rare
  records[at + recordWords.displacement] =
    size === 16 ? codeView.getUint16(position, true) : codeView.getInt32(position, true)
  if (size === 64) {
    records[at + recordWords.second] = codeView.getInt32(position + 4, true)
    records[at + recordWords.flags]! |= put(flagFields.wideDisplacement, 1)
  }
  rare.position = position + size / 8
}

/** A register in the upper half of the last byte, and maybe a number in its lower. */
function fillLastByte(words: Int32Array, from: number, records: Int32Array, at: number): void {
  const byte = records[at + recordWords.low]!
  const register = (byte >> 4) & (rare.codeSize === 2 ? 15 : 7)
  for (let operand = 0; operand < 5; operand += 1) {
    const template = words[from + operand]! & ((1 << templateShift) - 1)
    if (template === 31 << 5) records[at + recordWords.operands + operand]! |= register
    if (template === 15 << 5) records[at + recordWords.operands + operand]! |= byte & 15
  }
}

/** Of EVEX.L'L where it rounds, the codes of roundings. Source: SDM 2A Table 2-42. */
const sae = 5

/** What VEX, EVEX and XOP say beside operands. False: what this row does not know. */
function vectorFields(candidate: Candidate, records: Int32Array, at: number): boolean {
  const { state, modrm } = rare
  // of EVEX.vvvv, the highest bit belongs to an index that is a vector
  const vvvv = candidate.address === 'vector' ? introduced.vvvv & 15 : introduced.vvvv
  if (!candidate.vvvv && !candidate.conditional && vvvv !== 0) return false
  const isEvex = (state & stateBits.evex) !== 0
  if (isEvex && (candidate.nd >= 0 || candidate.nf !== 'clear')) return extensionFields(candidate, records, at)
  if (isEvex && !evexAllowed(candidate)) return false
  if (isEvex) {
    const { rounding } = candidate
    const chosen =
      !rounds(state, modrm) || rounding === 'ignored' ? 0 : rounding === 'er' ? 1 + ((state >> lengthShift) & 3) : sae
    records[at + recordWords.flags]! |=
      put(flagFields.mask, introduced.mask) |
      put(flagFields.zeroing, introduced.zeroing ? 1 : 0) |
      put(flagFields.broadcast, isBroadcast() ? 1 : 0) |
      put(flagFields.rounding, chosen)
  }
  if (candidate.address === 'vector') indexByVector(candidate, records, at)
  if (isEvex && modrm < 0xc0) scaleDisplacement(candidate, records, at)
  return true
}

/** What EVEX of APX says: NF, or a condition and flags. Its 8-bit displacements count bytes. */
function extensionFields({ nf, nd, conditional }: Candidate, records: Int32Array, at: number): boolean {
  const { mask, zeroing, vvvv } = introduced
  if (zeroing) return false
  if (conditional) {
    records[at + recordWords.flags]! |= put(flagFields.condition, ((~vvvv & 16) === 0 ? 0 : 8) | mask)
    records[at + recordWords.address]! |= put(addressFields.defaultFlags, ~vvvv & 15)
    return true
  }
  // EVEX.b is ND in map 4 alone
  if (nd < 0 && (rare.state & stateBits.evexB) !== 0) return false
  if ((mask & 3) !== 0 || (mask !== 0 && nf === 'clear')) return false
  if (mask !== 0 && nf === 'any') records[at + recordWords.flags]! |= put(flagFields.noFlags, 1)
  return true
}

const isBroadcast = (): boolean => (rare.state & stateBits.evexB) !== 0 && rare.modrm < 0xc0

/** Whether a row knows of what EVEX says of masks, broadcasts and rounding. Source: SDM 2A §2.7.11. */
function evexAllowed({ mask, broadcastBytes, rounding, writesRm }: Candidate): boolean {
  const inMemory = rare.modrm < 0xc0
  if ((rare.state & stateBits.evexB) !== 0 && (inMemory ? broadcastBytes === 0 : rounding === 'none')) return false
  if (introduced.mask === 0 ? mask === 'needed' || introduced.zeroing : mask === 'none') return false
  return !introduced.zeroing || (mask === 'zero' && !(writesRm && inMemory))
}

const sizesOf = (records: Int32Array, at: number) => {
  const flags = records[at + recordWords.flags]!
  const { operandSize, vectorLength } = flagFields
  return {
    operandSize: sizeCodes[(flags >> operandSize.shift) & 3]!,
    vectorLength: widthCodes[(flags >> vectorLength.shift) & 15] as 0 | 128 | 256 | 512,
  }
}

/** The index is a vector register, of which even number 4 is one. */
function indexByVector({ vectorIndex }: Candidate, records: Int32Array, at: number): void {
  const { index, indexWidth, scale } = addressFields
  if (addressSizeOf(records, at) === 16) return
  const sib = code[rare.addressAt]!
  const high = (rare.state & stateBits.evex) === 0 ? 0 : introduced.vvvv & 16
  const register = ((sib >> 3) & 7) | ((rare.state & stateBits.x) === 0 ? 0 : 8) | high
  const address = records[at + recordWords.address]! & ~(fieldMask(index) | fieldMask(scale))
  records[at + recordWords.address] =
    address |
    put(index, register + 1) |
    put(scale, sib >> 6) |
    put(indexWidth, widthCode(widthOf(vectorIndex, sizesOf(records, at))))
}

/** What an 8-bit displacement of EVEX counts. Source: SDM 2A §2.7.5. */
function scaleDisplacement(candidate: Candidate, records: Int32Array, at: number): void {
  if (rare.modrm >> 6 !== 1) return
  const { broadcastBytes, displacementBytes } = candidate
  const length = (rare.state >> lengthShift) & 3
  const bytes = isBroadcast() ? broadcastBytes : displacementBytes[length as 0 | 1 | 2]
  records[at + recordWords.displacement]! *= bytes === 0 ? (sizesOf(records, at).operandSize === 64 ? 8 : 4) : bytes
}

/**
 * CR1, CR5 to CR7 and CR9 up do not exist, nor DR8 up; nor segment registers 6 and 7, and CS cannot be loaded by MOV. There are sixteen general registers without APX, eight
 * opmask registers and tiles, and four bounds.
 */
function registersExist({ extended }: Candidate, trait: number, records: Int32Array, at: number): boolean {
  const generals = extended ? 32 : 16
  const count = records[at + recordWords.flags]! & 7
  for (let operand = 0; operand < count; operand += 1) {
    const word = records[at + recordWords.operands + operand]!
    if (((word >> operandFields.kind.shift) & 7) !== 0) continue
    if (!exists((word >> operandFields.file.shift) & 15, word & 31, trait, generals)) return false
  }
  return true
}

function exists(file: number, index: number, trait: number, generals: number): boolean {
  switch (file) {
    case 0:
      return index < generals
    case 1:
      return index < 6 && !((trait & traits.notLoadable) !== 0 && index === 1)
    case 2:
      return index === 0 || index === 8 || (index >= 2 && index <= 4)
    case 3:
    case 7:
    case 9:
      return index < 8
    case 8:
      return index < 4
    default:
      return true
  }
}

/** Whether address and registers are such as the row takes. */
function isAllowed({ address, distinct, notSp }: Candidate, records: Int32Array, at: number): boolean {
  if (address !== 'any' && rare.modrm < 0xc0) {
    if (addressSizeOf(records, at) === 16) return false
    if ((address === 'notRip' || address === 'sib') && (records[at + recordWords.address]! & 63) === ripBase + 1)
      return false
  }
  if (notSp && (registerAt(records, at, 0) === 4 || registerAt(records, at, 1) === 4)) return false
  return distinct === 'none' || areDistinct(distinct, records, at)
}

function areDistinct(which: 'all' | 'first', records: Int32Array, at: number): boolean {
  const count = records[at + recordWords.flags]! & 7
  const address = records[at + recordWords.address]!
  const indexed = (address & fieldMask(addressFields.indexWidth)) !== 0
  for (let one = 0; one < count; one += 1) {
    const register = registerAt(records, at, one)
    if (register < 0) continue
    if (indexed && register === ((address >> addressFields.index.shift) & 63) - 1) return false
    for (let other = one + 1; other < count; other += 1) if (registerAt(records, at, other) === register) return false
    if (which === 'first') break
  }
  return true
}

/** The register that an operand is, or -1. */
function registerAt(records: Int32Array, at: number, operand: number): number {
  const word = records[at + recordWords.operands + operand]!
  return ((word >> operandFields.kind.shift) & 7) === 0 ? word & 31 : -1
}
