import type { CodeSize, PrefixHint, Rounding } from '@vmm/x86-decoder'
import type { OperandPlace } from '@vmm/x86-opcodes'
import { type AddressForm, type EncodedAddress, encodeAddress } from './address.ts'
import type { Form, Size } from './forms.ts'
import type { FarPointer, LabelReference, Memory, PlainOperand, Register } from './operand.ts'
import { type SizeChoice, widthOf } from './sizes.ts'

/** A number to be filled in when labels have addresses. */
export interface Fixup {
  /** Index of its first byte in the encoding. */
  readonly at: number
  readonly bytes: 1 | 2 | 4 | 8
  readonly value: bigint | LabelReference
  /** Counted from the end of the instruction. */
  readonly relative: boolean
  /** Must be what sign extension of its bits gives: 32-bit displacements and immediates of 64-bit code. */
  readonly signed: boolean
}

/** Bytes with holes. */
export interface Encoding {
  readonly bytes: number[]
  readonly fixups: readonly Fixup[]
}

/** What an instruction is asked to have besides its operands. */
export interface Modifiers {
  readonly lock?: boolean
  readonly rep?: 'rep' | 'repe' | 'repne'
  /** F2 or F3 as a hint: of lock elision, or BND before a near branch. */
  readonly hint?: Exclude<PrefixHint, 'none'>
  /** For implicit memory: the source of a string instruction. */
  readonly segment?: Register
  /** For instructions that no operand gives an address size: strings, LOOP. */
  readonly addressSize?: Size
  /** The opmask register that chooses elements of the first operand; those left out become zero with `zeroing`. */
  readonly mask?: Register
  readonly zeroing?: boolean
  /** The memory operand is one element for all, or for so many, where nothing else says how long vectors are. */
  readonly broadcast?: boolean | number
  /** In the instruction, which suppresses exceptions, too; or that alone. */
  readonly rounding?: Exclude<Rounding, 'none'>
  /** Of APX: flags stay as they are. */
  readonly noFlags?: boolean
  /** Of CCMP and CTEST: the condition, where the name does not say it, and the flags where it is not met, both as `Decoded` has them. */
  readonly condition?: number
  readonly defaultFlags?: number
  /** For instructions that no operand gives an operand size: PUSH of an immediate, far returns. */
  readonly operandSize?: Size
}

/** Whether an element is broadcast. */
export const isAsked = (broadcast: Modifiers['broadcast']): boolean => broadcast !== undefined && broadcast !== false

/** Encodes a form whose operands match, or says why it cannot be. */
export function encodeForm(
  form: Form,
  operands: readonly PlainOperand[],
  size: SizeChoice,
  codeSize: CodeSize,
  modifiers: Modifiers,
): Encoding | string {
  const memory = operands.find((operand): operand is Memory => typeof operand === 'object' && operand.kind === 'memory')
  const isModrm = form.places.some(({ place }) => place === 'rm')
  const address =
    memory === undefined
      ? undefined
      : isModrm
        ? encodeAddress(memory, codeSize, addressFormOf(form, size, modifiers))
        : moffsSize(memory, codeSize)
  if (typeof address === 'string') return address
  const fields = fieldsOf(form, operands, typeof address === 'object' ? address : undefined)
  if (size.w) fields.w = 1
  const wrong = refusal(fields, codeSize, form) ?? vectorRefusal(form, operands, size, modifiers)
  if (wrong !== undefined) return wrong
  const addressSize =
    (typeof address === 'object' ? address.addressSize : address) ??
    addressRegisterSize(form, operands) ??
    form.addressSize ??
    modifiers.addressSize ??
    codeSize
  if (addressSize !== codeSize && (addressSize === 64 || (codeSize === 64 && addressSize === 16)))
    return `no ${addressSize}-bit addresses in ${codeSize}-bit code`
  const out = new Output()
  legacyPrefixes(
    out,
    memory?.segment ?? modifiers.segment,
    modifiers,
    size.prefix && form.pattern.space !== 'EVEX',
    addressSize !== codeSize,
  )
  opcodeBytes(out, form, fields, size, modifiers)
  if (form.pattern.modrm.kind !== 'none')
    modrmBytes(out, form, fields, typeof address === 'object' ? address : undefined)
  for (const [at, place] of form.places.entries()) trailing(out, place, operands[at]!, size, addressSize)
  if (form.pattern.space === '3DNow!') out.byte(form.pattern.byte)
  return out
}

/** What an 8-bit displacement counts behind EVEX: an element that is broadcast, or that the row names, or all of memory. SDM 2A §2.7.5. */
function addressFormOf({ pattern, places, row }: Form, size: SizeChoice, { broadcast }: Modifiers): AddressForm {
  const rm = places.find((place) => place.place === 'rm')
  const [index, memory] = rm?.place === 'rm' ? [rm.index, rm.memory] : []
  const sib = index !== undefined || (rm?.place === 'rm' && rm.sib === true)
  if (pattern.space !== 'EVEX') return { unit: 1, sib }
  const named = (letter: string) =>
    [8, 16, 32, 64].find((bits) => row.attributes.some((one) => one === `${letter}${bits}`))
  const bits = (isAsked(broadcast) ? named('b') : named('n')) ?? widthOf(memory ?? 8, size)
  return { unit: bits / 8, sib }
}

/** A register that is as wide as an address: of a memory operand elsewhere, or it is one itself. */
function addressRegisterSize({ places }: Form, operands: readonly PlainOperand[]): Size | undefined {
  const at = places.findIndex((place) => 'size' in place && place.size === 'a')
  const operand = operands[at]
  return typeof operand === 'object' && operand.kind === 'register' ? (operand.width as Size) : undefined
}

/** What is asked for that the form has not. */
function vectorRefusal(
  { row, pattern }: Form,
  operands: readonly PlainOperand[],
  { vectorLength }: SizeChoice,
  { mask, zeroing = false, broadcast = false, rounding, noFlags = false, condition, defaultFlags }: Modifiers,
): string | undefined {
  const has = (...attributes: readonly string[]) => row.attributes.some((attribute) => attributes.includes(attribute))
  if (mask === undefined ? has('maskNeeded') || zeroing : mask.file !== 'opmask' || mask.index === 0)
    return 'elements are chosen by K1 to K7'
  if (mask !== undefined && !has('mask', 'maskz', 'maskNeeded')) return 'no elements are chosen here'
  if (zeroing && !has('maskz')) return 'no elements become zero here'
  if (noFlags && !has('nf')) return 'flags are not left alone here'
  if ((condition !== undefined || defaultFlags !== undefined) && !has('scc')) return 'there is no condition here'
  const inMemory = operands.some((operand) => typeof operand === 'object' && operand.kind === 'memory')
  if (isAsked(broadcast) && !inMemory) return 'only memory is broadcast'
  if (rounding !== undefined && (inMemory || !has(rounding === 'sae' ? 'sae' : 'er')))
    return 'nothing is rounded so here'
  const rounds = pattern.ignoresLength || vectorLength === 512
  return rounding === undefined || rounds ? undefined : 'only vectors of 512 bits are rounded'
}

/** moffs is as wide as an address: labels are 32 bits at most, as they are used outside 64-bit code alone. */
function moffsSize({ displacement }: Memory, codeSize: CodeSize): Size | string {
  if (typeof displacement !== 'bigint') return codeSize === 64 ? 'no moffs of a label' : codeSize
  const fits = displacement < 1n << BigInt(codeSize) && displacement >= -(1n << BigInt(codeSize - 1))
  return fits ? codeSize : `no address of ${codeSize} bits`
}

/** Register numbers and extension bits of an encoding: those of vectors have five bits. */
interface Fields {
  reg: number
  rm: number
  vvvv: number
  opcode: number
  w: number
  r: number
  x: number
  b: number
  /** The fifth bits: of ModRM.reg, of an index that is a vector, of a general register in ModRM.r/m, the opcode or a base, and of an index that is one. */
  high: number
  highIndex: number
  b4: number
  x4: number
  /** SPL to DIL: a REX prefix without bits. */
  rex: boolean
  highByte: boolean
}

function fieldsOf(form: Form, operands: readonly PlainOperand[], address: EncodedAddress | undefined): Fields {
  const fields: Fields = {
    reg: 0,
    rm: 0,
    vvvv: 0,
    opcode: 0,
    w: 0,
    r: 0,
    x: address?.x ?? 0,
    b: address?.b ?? 0,
    high: 0,
    highIndex: address?.highIndex ?? 0,
    b4: address?.b4 ?? 0,
    x4: address?.x4 ?? 0,
    rex: false,
    highByte: false,
  }
  form.places.forEach(({ place }, at) => {
    const operand = operands[at]!
    if (typeof operand === 'bigint' || operand.kind !== 'register' || place === 'fixed' || place === 'is4') return
    noteByte(fields, operand)
    if (place === 'reg') {
      fields.reg = operand.index & 7
      fields.r = (operand.index >> 3) & 1
      fields.high = operand.index >> 4
    } else if (place === 'vvvv') fields.vvvv = operand.index
    else {
      const number = operand.highByte ? operand.index + 4 : operand.index
      fields[place === 'rm' ? 'rm' : 'opcode'] = number & 7
      fields.b = (number >> 3) & 1
      if (number > 15) fields[operand.file === 'gpr' ? 'b4' : 'x'] = 1
    }
    if (place === 'reg' && operand.highByte) fields.reg = operand.index + 4
  })
  return fields
}

function noteByte(fields: Fields, { file, width, index, highByte }: Register): void {
  if (file !== 'gpr' || width !== 8) return
  if (highByte) fields.highByte = true
  else if (index >= 4 && index < 8) fields.rex = true
}

function refusal(fields: Fields, codeSize: CodeSize, { pattern }: Form): string | undefined {
  const { w, r, x, b, vvvv, high, highIndex, b4, x4, rex, highByte } = fields
  // behind VEX, W is part of the opcode
  const isLegacy = ['legacy', '3DNow!', 'REX2'].includes(pattern.space)
  const fifth = (high | b4 | x4) !== 0
  const extended = rex || fifth || ((isLegacy ? w : 0) | r | x | b | highIndex) !== 0
  if (codeSize !== 64 && (extended || vvvv > 7))
    return 'R8 to R15, XMM8 to XMM15, SPL to DIL and 64-bit operands are of 64-bit code'
  if (fifth && pattern.space !== 'EVEX' && !isRex2Reach(pattern))
    return 'R16 to R31 are of opcodes of one byte, of 0F, and of EVEX'
  if (highByte && (extended || !isLegacy)) return 'AH, CH, DH and BH cannot be with a REX prefix'
  return undefined
}

/** Bytes and fixups as they are written. */
/** Whether REX2 can introduce an opcode. */
const isRex2Reach = ({ space, map }: Form['pattern']): boolean => space === 'REX2' || (space === 'legacy' && map < 2)

class Output implements Encoding {
  readonly bytes: number[] = []
  readonly fixups: Fixup[] = []

  byte(value: number): void {
    this.bytes.push(value & 0xff)
  }

  /** A number, little end first; a label's address is left to be filled in. */
  number(
    value: bigint | LabelReference,
    bytes: 0 | 1 | 2 | 4 | 8,
    options: { relative?: boolean; signed?: boolean } = {},
  ): void {
    if (bytes === 0) return
    const { relative = false, signed = false } = options
    if (relative || typeof value !== 'bigint')
      this.fixups.push({ at: this.bytes.length, bytes, value, relative, signed })
    const plain = typeof value === 'bigint' && !relative ? value : 0n
    for (let at = 0n; at < bytes; at += 1n) this.byte(Number(BigInt.asUintN(8, plain >> (8n * at))))
  }
}

const segmentPrefixes = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65]
const repPrefixes = { rep: 0xf3, repe: 0xf3, repne: 0xf2, xacquire: 0xf2, xrelease: 0xf3, bnd: 0xf2 } as const

function legacyPrefixes(
  out: Output,
  segment: Register | undefined,
  { lock = false, rep, hint }: Modifiers,
  operand: boolean,
  address: boolean,
): void {
  if (lock) out.byte(0xf0)
  const repeated = rep ?? hint
  if (repeated !== undefined) out.byte(repPrefixes[repeated])
  if (segment !== undefined) out.byte(segmentPrefixes[segment.index]!)
  if (operand) out.byte(0x66)
  if (address) out.byte(0x67)
}

const escapes = [[], [0x0f], [0x0f, 0x38], [0x0f, 0x3a]] as const

function legacyOpcode(out: Output, { pattern }: Form, { w, r, x, b, high, b4, x4, rex, opcode }: Fields): void {
  if (pattern.mandatory.length === 2 && pattern.mandatory !== 'NP') out.byte(Number.parseInt(pattern.mandatory, 16))
  const bits = (w << 3) | (r << 2) | (x << 1) | b
  if ((high | b4 | x4) !== 0 || pattern.space === 'REX2') {
    out.byte(0xd5)
    out.byte((pattern.map << 7) | (high << 6) | (x4 << 5) | (b4 << 4) | bits)
    out.byte(pattern.byte | opcode)
    return
  }
  if (bits !== 0 || rex) out.byte(0x40 | bits)
  for (const byte of escapes[pattern.map]!) out.byte(byte)
  out.byte(pattern.byte | opcode)
}

/** The opcode with what introduces it. */
function opcodeBytes(out: Output, form: Form, fields: Fields, size: SizeChoice, modifiers: Modifiers): void {
  switch (form.pattern.space) {
    case 'legacy':
    case 'REX2':
      return legacyOpcode(out, form, fields)
    case '3DNow!':
      return suffixedOpcode(out, fields)
    case 'EVEX':
      return evexOpcode(out, form, fields, size, modifiers)
    default:
      return vexOpcode(out, form, fields, size)
  }
}

/** 0F 0F; the byte of its own comes last. */
function suffixedOpcode(out: Output, { x, b }: Fields): void {
  if ((x | b) !== 0) out.byte(0x40 | (x << 1) | b)
  out.byte(0x0f)
  out.byte(0x0f)
}

const roundingBits = { nearest: 0, down: 1, up: 2, zero: 3, sae: 0 } as const

/** SDM 2A §2.7.1; Intel APX Architecture Specification 355828, Extended EVEX. */
function evexOpcode(out: Output, form: Form, fields: Fields, size: SizeChoice, modifiers: Modifiers): void {
  const { pattern, row } = form
  const { w, r, x, b, vvvv, high, highIndex, b4, x4 } = fields
  const { zeroing = false, broadcast = false, rounding, defaultFlags = 0 } = modifiers
  const isConditional = row.attributes.includes('scc')
  const length = rounding === undefined ? Math.log2(size.vectorLength / 128) : roundingBits[rounding]
  const isB = isAsked(broadcast) || rounding !== undefined || row.attributes.includes('nd')
  const prefix = pattern.mandatory === 'NFx' ? (size.prefix ? 1 : 0) : vexPrefixes[pattern.mandatory]!
  const register = isConditional ? defaultFlags : ~vvvv & 15
  const [upper, lower] = lowBitsOf(form, (vvvv >> 4) | highIndex, modifiers)
  out.byte(0x62)
  out.byte(((r ^ 1) << 7) | ((x ^ 1) << 6) | ((b ^ 1) << 5) | ((high ^ 1) << 4) | (b4 << 3) | pattern.map)
  out.byte((w << 7) | (register << 3) | ((x4 ^ 1) << 2) | prefix)
  out.byte((zeroing ? 0x80 : 0) | (length << 5) | (isB ? 0x10 : 0) | (upper << 3) | lower)
  out.byte(pattern.byte)
}

/** EVEX.V' and what is below it: a mask, NF, or both are a condition. */
function lowBitsOf(
  { row, condition }: Form,
  upper: number,
  modifiers: Modifiers,
): readonly [upper: number, lower: number] {
  const { attributes } = row
  if (attributes.includes('scc')) {
    const chosen = condition ?? modifiers.condition ?? 0
    return [chosen >> 3, chosen & 7]
  }
  const noFlags = attributes.includes('nf1') || modifiers.noFlags === true
  return [upper ^ 1, noFlags ? 4 : (modifiers.mask?.index ?? 0)]
}

const vexPrefixes: Readonly<Record<string, number>> = { NP: 0, '66': 1, F3: 2, F2: 3 }

/** XOP, or VEX in two bytes where it can be. SDM 2A §2.3.5, APM 3 §1.2.9. */
function vexOpcode(out: Output, { pattern }: Form, { w, r, x, b, vvvv }: Fields, { vectorLength }: SizeChoice): void {
  const last = ((~vvvv & 15) << 3) | (vectorLength === 256 ? 4 : 0) | vexPrefixes[pattern.mandatory]!
  const isXop = pattern.space === 'XOP'
  if (!isXop && pattern.map === 1 && (w | x | b) === 0) {
    out.byte(0xc5)
    out.byte(((r ^ 1) << 7) | last)
  } else {
    out.byte(isXop ? 0x8f : 0xc4)
    out.byte(((r ^ 1) << 7) | ((x ^ 1) << 6) | ((b ^ 1) << 5) | pattern.map)
    out.byte((w << 7) | last)
  }
  out.byte(pattern.byte)
}

function modrmBytes(out: Output, { pattern }: Form, { reg, rm }: Fields, address: EncodedAddress | undefined): void {
  const { modrm } = pattern
  if (modrm.kind === 'exact') out.byte(modrm.value)
  else if (modrm.kind === 'register') out.byte(modrm.value | rm)
  else {
    const middle = modrm.kind === 'digit' ? modrm.value : reg
    out.byte(address === undefined ? 0xc0 | (middle << 3) | rm : (address.mod << 6) | (middle << 3) | address.rm)
  }
  if (address === undefined) return
  if (address.sib !== undefined) out.byte(address.sib)
  const { value, bytes, relative } = address.displacement
  out.number(value, bytes, { relative, signed: address.addressSize === 64 })
}

/** What follows ModRM for one operand. The operand matches its place, so its kind is known. */
function trailing(out: Output, place: OperandPlace, operand: PlainOperand, sizes: SizeChoice, addressSize: Size): void {
  const operandSize = sizes.size
  if (place.place === 'is4') out.byte((operand as Register).index << 4)
  else if (place.place === 'nibble') out.bytes[out.bytes.length - 1]! |= Number(operand as bigint)
  else if (place.place === 'immediate') {
    const encoded = widthOf(place.encoded, sizes)
    out.number(operand as bigint | LabelReference, bytesOf(encoded), {
      signed: encoded < widthOf(place.size, sizes),
    })
  } else if (place.place === 'relative') {
    const encoded = place.encoded === 8 ? 8 : Math.min(operandSize, 32)
    out.number(operand as bigint | LabelReference, bytesOf(encoded), { relative: true })
  } else if (place.place === 'moffs') out.number((operand as Memory).displacement, bytesOf(addressSize))
  else if (place.place === 'far') {
    const { offset, selector } = operand as FarPointer
    out.number(offset, bytesOf(operandSize))
    out.number(BigInt(selector), 2)
  }
}

const bytesOf = (bits: number) => (bits / 8) as 1 | 2 | 4 | 8
