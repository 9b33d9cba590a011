import type { CodeSize } from '@vmm/x86-decoder'
import type { OperandPlace } from '@vmm/x86-opcodes'
import { type EncodedAddress, encodeAddress } from './address.ts'
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
  /** For implicit memory: the source of a string instruction. */
  readonly segment?: Register
  /** For instructions that no operand gives an address size: strings, LOOP. */
  readonly addressSize?: Size
  /** For instructions that no operand gives an operand size: PUSH of an immediate, far returns. */
  readonly operandSize?: Size
}

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
    memory === undefined ? undefined : isModrm ? encodeAddress(memory, codeSize) : moffsSize(memory, codeSize)
  if (typeof address === 'string') return address
  const fields = fieldsOf(form, operands, typeof address === 'object' ? address : undefined)
  if (size.w) fields.w = 1
  const wrong = refusal(fields, codeSize)
  if (wrong !== undefined) return wrong
  const addressSize =
    (typeof address === 'object' ? address.addressSize : address) ??
    form.addressSize ??
    modifiers.addressSize ??
    codeSize
  if (addressSize !== codeSize && (addressSize === 64 || (codeSize === 64 && addressSize === 16)))
    return `no ${addressSize}-bit addresses in ${codeSize}-bit code`
  const out = new Output()
  legacyPrefixes(out, memory?.segment ?? modifiers.segment, modifiers, size.prefix, addressSize !== codeSize)
  if (form.pattern.space === 'legacy') legacyOpcode(out, form, fields)
  else vexOpcode(out, form, fields)
  if (form.pattern.modrm.kind !== 'none')
    modrmBytes(out, form, fields, typeof address === 'object' ? address : undefined)
  for (const [at, place] of form.places.entries()) trailing(out, place, operands[at]!, size.size, addressSize)
  return out
}

/** moffs is as wide as an address: labels are 32 bits at most, as they are used outside 64-bit code alone. */
const moffsSize = (memory: Memory, codeSize: CodeSize): Size | string =>
  codeSize === 64 && typeof memory.displacement !== 'bigint' ? 'no moffs of a label' : codeSize

/** Register numbers and extension bits of an encoding. */
interface Fields {
  reg: number
  rm: number
  vvvv: number
  opcode: number
  w: number
  r: number
  x: number
  b: number
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
    rex: false,
    highByte: false,
  }
  form.places.forEach(({ place }, at) => {
    const operand = operands[at]!
    if (typeof operand === 'bigint' || operand.kind !== 'register' || place === 'fixed') return
    noteByte(fields, operand)
    if (place === 'reg') {
      fields.reg = operand.index & 7
      fields.r = operand.index >> 3
    } else if (place === 'vvvv') fields.vvvv = operand.index
    else {
      const number = operand.highByte ? operand.index + 4 : operand.index
      fields[place === 'rm' ? 'rm' : 'opcode'] = number & 7
      fields.b = number >> 3
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

function refusal({ w, r, x, b, vvvv, rex, highByte }: Fields, codeSize: CodeSize): string | undefined {
  const extended = rex || (w | r | x | b) !== 0
  if (codeSize !== 64 && (extended || vvvv > 7))
    return 'R8 to R15, XMM8 to XMM15, SPL to DIL and 64-bit operands are of 64-bit code'
  if (highByte && extended) return 'AH, CH, DH and BH cannot be with a REX prefix'
  return undefined
}

/** Bytes and fixups as they are written. */
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
const repPrefixes = { rep: 0xf3, repe: 0xf3, repne: 0xf2 } as const

function legacyPrefixes(
  out: Output,
  segment: Register | undefined,
  { lock = false, rep }: Modifiers,
  operand: boolean,
  address: boolean,
): void {
  if (lock) out.byte(0xf0)
  if (rep !== undefined) out.byte(repPrefixes[rep])
  if (segment !== undefined) out.byte(segmentPrefixes[segment.index]!)
  if (operand) out.byte(0x66)
  if (address) out.byte(0x67)
}

const escapes = [[], [0x0f], [0x0f, 0x38], [0x0f, 0x3a]] as const

function legacyOpcode(out: Output, { pattern }: Form, { w, r, x, b, rex, opcode }: Fields): void {
  if (pattern.mandatory.length === 2 && pattern.mandatory !== 'NP') out.byte(Number.parseInt(pattern.mandatory, 16))
  const bits = (w << 3) | (r << 2) | (x << 1) | b
  if (bits !== 0 || rex) out.byte(0x40 | bits)
  for (const byte of escapes[pattern.map]!) out.byte(byte)
  out.byte(pattern.byte | opcode)
}

const vexPrefixes: Readonly<Record<string, number>> = { NP: 0, '66': 1, F3: 2, F2: 3 }

/** VEX in two bytes where it can be. SDM 2A §2.3.5. */
function vexOpcode(out: Output, { pattern }: Form, { w, r, x, b, vvvv }: Fields): void {
  const last = ((~vvvv & 15) << 3) | ((pattern.l ?? 0) << 2) | vexPrefixes[pattern.mandatory]!
  if (pattern.map === 1 && (w | x | b) === 0) {
    out.byte(0xc5)
    out.byte(((r ^ 1) << 7) | last)
  } else {
    out.byte(0xc4)
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
function trailing(out: Output, place: OperandPlace, operand: PlainOperand, operandSize: Size, addressSize: Size): void {
  if (place.place === 'immediate') {
    const encoded = widthOf(place.encoded, operandSize)
    out.number(operand as bigint | LabelReference, bytesOf(encoded), {
      signed: encoded < widthOf(place.size, operandSize),
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
