import { type Decoded, type DecodedOperand, noRegister, ripBase } from '@vmm/x86-decoder'
import type { AnyOperand, Instruction, Memory, Mode, OperandFile, Width } from '@vmm/x86-semantics'
import { type CodeMode, modeOfWord } from './mode-word.ts'
import type { AddressForm } from './reading/frame.ts'
import { registerOffset, registerSlots, secondImmediate } from './reading/operands.ts'
import { at, inRecord, linkInRecord } from './state-layout.ts'

/** Register files whose numbers descriptions look at: they are part of a handler's shape. */
const isKnown = (file: DecodedOperand['file']): boolean =>
  file === 'segment' || file === 'control' || file === 'debug' || file === 'x87'

/** How the memory operand of an instruction is addressed. */
export function addressFormOf(decoded: Decoded): AddressForm {
  if (decoded.codeSize !== 64) return 'narrow'
  if (decoded.addressSize !== 64) return 'general'
  if (decoded.displacementHigh !== decoded.displacement >> 31) return 'absolute'
  return decoded.segment >= 4 ? 'general' : 'flat'
}

/** The operands as a description gets them: registers and immediates by their place in a record, the rest known. */
export function operandsOf(decoded: Decoded, instruction: Instruction): AnyOperand[] {
  const operands: AnyOperand[] = []
  let immediates = 0
  for (let position = 0; position < decoded.count; position += 1) {
    const operand = decoded.operands[position]!
    const shape = shaped(operand, position, operand.kind === 'immediate' ? immediates : 0, instruction)
    operands.push(shape.kind === 'memory' && decoded.indexWidth !== 0 ? withIndex(shape, decoded) : shape)
    if (operand.kind === 'immediate') immediates += 1
  }
  return operands
}

/** A vector that indexes memory has the slot of the operand that it is part of. */
function withIndex(memory: Memory<Width>, { indexWidth }: Decoded): Memory<Width> {
  const { position } = memory
  const register = { kind: 'register', file: 'xmm', width: indexWidth as Width, index: undefined } as const
  return { ...memory, vectorIndex: { ...register, highByte: false, position } }
}

function shaped(operand: DecodedOperand, position: number, immediate: number, instruction: Instruction): AnyOperand {
  const width = operand.width as Width
  switch (operand.kind) {
    case 'register': {
      const known = isKnown(operand.file)
      return {
        kind: 'register',
        file: operand.file as OperandFile,
        width,
        index: known ? operand.index : undefined,
        highByte: false,
        position,
      }
    }
    case 'memory':
      return { kind: 'memory', width, position }
    case 'immediate': {
      const value = instruction.knows === 'immediate' ? BigInt(operand.low >>> 0) : undefined
      return { kind: 'immediate', width, value, position: immediate === 0 ? position : secondImmediate }
    }
    case 'relative':
      return { kind: 'relative', width: 64, position }
    case 'far':
      return {
        kind: 'far',
        offset: { kind: 'immediate', width: 32, value: undefined, position },
        selector: { kind: 'immediate', width: 16, value: undefined, position: secondImmediate },
        position,
      }
    default:
      return operand.kind satisfies never
  }
}

const sizeCode = (size: number): number => (size === 16 ? 0 : size === 32 ? 1 : 2)
const repCode = { none: 0, rep: 1, repne: 2 } as const
/** In its place: nothing repeats what has a VEX prefix, nor a branch that is not tracked. */
const longVectors = 3

/** NOTRACK is a prefix of indirect near branches, where CR4.CET makes it one. */
const isUntracked = ({ noTrack, mnemonic }: Decoded, word: number): boolean =>
  noTrack && (mnemonic === 'JMP' || mnemonic === 'CALL') && modeOfWord(word).cet === true

const formCode = { flat: 0, absolute: 1, general: 2, narrow: 3, known: 2 } as const

/** A number below 2^31 that two instructions of a row share exactly when one handler serves both. */
export function shapeKey(decoded: Decoded, word: number, instruction: Instruction, form: AddressForm): number {
  let kinds = 0
  let known = 0
  let constant = 0
  for (let position = 0; position < decoded.count; position += 1) {
    const operand = decoded.operands[position]!
    if (operand.kind === 'memory') kinds |= 1 << position
    // of two x87 registers one is ST(0), and the row says which
    if (operand.kind === 'register' && isKnown(operand.file)) known = Math.max(known, operand.index + 1)
    if (operand.kind === 'immediate' && instruction.knows === 'immediate') constant = operand.low & 0xff
  }
  const sizes =
    sizeCode(decoded.operandSize) |
    (sizeCode(decoded.addressSize) << 2) |
    ((decoded.vectorLength === 256 || isUntracked(decoded, word) ? longVectors : repCode[decoded.rep]) << 4) |
    (formCode[form] << 6)
  const low = sizes | (kinds << 8) | (known << 12) | (constant << 16)
  return (word & 0x7f) * 0x100_0000 + low
}

/** The mode an instruction is described for. */
export function instructionMode(decoded: Decoded, code: CodeMode, lock: boolean): Mode {
  return {
    codeSize: code.codeSize,
    operandSize: decoded.operandSize,
    addressSize: decoded.addressSize,
    stackSize: code.stackSize,
    execution: code.execution,
    cet: code.cet === true,
    noTrack: code.cet === true && decoded.noTrack && (decoded.mnemonic === 'JMP' || decoded.mnemonic === 'CALL'),
    rep: decoded.rep,
    lock,
  }
}

/** Writes the operand fields of a record. `offset` is the instruction's distance from its block's first byte. */
export function fillRecord(view: DataView, record: number, decoded: Decoded, offset: number): void {
  view.setUint8(record + inRecord.segment, decoded.segment)
  fillAddress(view, record, decoded, offset)
  let immediates = 0
  for (let position = 0; position < decoded.count; position += 1) {
    const operand = decoded.operands[position]!
    if (operand.kind === 'register' && !isKnown(operand.file)) {
      view.setUint16(
        record + registerSlots[position]!,
        registerOffset(operand.file as OperandFile, operand.index, operand.highByte),
        true,
      )
    } else if (operand.kind === 'memory' && decoded.indexWidth !== 0) {
      view.setUint16(record + registerSlots[position]!, registerOffset('xmm', decoded.index, false), true)
    } else if (operand.kind === 'immediate') {
      fillImmediate(view, record, operand, immediates)
      immediates += 1
    } else if (operand.kind === 'relative') {
      const distance = offset + decoded.length + operand.low
      view.setInt32(record + inRecord.immediate, distance, true)
      view.setInt32(record + inRecord.immediate + 4, Math.floor(distance / 2 ** 32), true)
      clearLinks(view, record)
    } else if (operand.kind === 'far') {
      view.setInt32(record + inRecord.immediate, operand.low, true)
      view.setInt32(record + inRecord.displacement, operand.high, true)
    }
  }
}

/** No way from a record is known yet. */
export function clearLinks(view: DataView, record: number): void {
  view.setUint32(record + linkInRecord.jump, 0, true)
  view.setUint32(record + linkInRecord.next, 0, true)
}

function fillImmediate(view: DataView, record: number, operand: DecodedOperand, which: number): void {
  const low = operand.width === 8 ? operand.low & 0xff : operand.width === 16 ? operand.low & 0xffff : operand.low
  if (which === 0) {
    view.setInt32(record + inRecord.immediate, low, true)
    view.setInt32(record + inRecord.immediate + 4, operand.width === 64 ? operand.high : 0, true)
  } else view.setInt32(record + inRecord.displacement, low, true)
}

function fillAddress(view: DataView, record: number, decoded: Decoded, offset: number): void {
  const register = (index: number) => (index === noRegister ? at.zero : at.gpr + index * 8)
  view.setUint8(record + inRecord.scale, decoded.scale)
  view.setUint8(record + inRecord.addressSize, decoded.addressSize)
  view.setUint16(record + inRecord.indexRegister, register(decoded.indexWidth === 0 ? decoded.index : noRegister), true)
  if (decoded.base !== ripBase) {
    view.setUint16(record + inRecord.base, register(decoded.base), true)
    view.setInt32(record + inRecord.displacement, decoded.displacement, true)
    if (addressFormOf(decoded) !== 'absolute') return
    view.setInt32(record + inRecord.immediate, decoded.displacement, true)
    view.setInt32(record + inRecord.immediate + 4, decoded.displacementHigh, true)
    return
  }
  // the distance from the block to the next instruction goes into the displacement, or sixteen of it into the index
  const distance = decoded.displacement + offset + decoded.length
  view.setUint16(record + inRecord.base, at.blockRip, true)
  const fits = distance <= 0x7fff_ffff
  if (!fits) view.setUint16(record + inRecord.indexRegister, at.sixteen, true)
  view.setInt32(record + inRecord.displacement, fits ? distance : distance - 16, true)
}

/** RIP-relative addresses far up fit only near the beginning of a block. */
export function mustBeginBlock(decoded: Decoded, offset: number): boolean {
  return decoded.base === ripBase && decoded.displacement + offset + decoded.length > 0x7fff_ffff && offset > 0
}

/** D8 to DF. */
const escapeBits = 0x1b

/** An x87 instruction takes no immediate: there its opcode is kept, which may go into FOP. `bytes` are its own. */
export function fillEscape(view: DataView, record: number, bytes: Uint8Array): void {
  const escapeAt = bytes.findIndex((byte) => byte >> 3 === escapeBits)
  const opcode = ((bytes[escapeAt]! & 7) << 8) | bytes[escapeAt + 1]!
  view.setUint16(record + inRecord.immediate, opcode, true)
}
