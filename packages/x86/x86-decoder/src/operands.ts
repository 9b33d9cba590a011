import { type OperandCode, type OperandPlace, type OperandSize, placeOf } from '@vmm/x86-opcodes'
import { type Decoded, type DecodedOperand, noRegister, type RegisterFile } from './decoded.ts'
import type { Reader } from './reader.ts'

/** Fills one operand from what the reader has read, reading on where it is an immediate. False: no such operand, #UD. */
export type Fill = (reader: Reader, out: Decoded, operand: DecodedOperand) => boolean

/** The filler of an operand code. */
export function fillerOf(code: OperandCode): Fill {
  let filler = fillers.get(code)
  if (filler === undefined) {
    filler = makeFiller(placeOf(code))
    fillers.set(code, filler)
  }
  return filler
}

const fillers = new Map<OperandCode, Fill>()

function makeFiller(place: OperandPlace): Fill {
  switch (place.place) {
    case 'rm':
      return rmFiller(place.file, place.size ?? 0, place.memory ?? 0)
    case 'reg':
      return registerFiller(place.file, place.size, (reader) => ((reader.modrm >> 3) & 7) | reader.registerHigh)
    case 'vvvv':
      return registerFiller(place.file, place.size, (reader) => reader.vexRegister & (reader.codeSize === 64 ? 31 : 7))
    case 'is4':
      return registerFiller(place.file, place.size, (reader) => reader.lastRegister())
    case 'opcode':
      return registerFiller(place.file, place.size, (reader) => (reader.opcodeByte & 7) | (reader.rexB << 3))
    case 'fixed':
      return (_reader, out, operand) => register(operand, place.file, place.index, widthOf(place.size, out))
    case 'immediate':
      return immediateFiller(place.encoded, place.size)
    case 'constant':
      return (_reader, _out, operand) => immediate(operand, 0, 8, place.value, 0)
    case 'relative':
      return relativeFiller(place.encoded)
    case 'moffs':
      return moffsFiller(place.size)
    case 'far':
      return farPointer
    case 'nibble':
      return (reader, _out, operand) => immediate(operand, 0, 8, reader.lastByte & 15, 0)
    default:
      return place satisfies never
  }
}

/** A size of an operand code in bits. */
export function widthOf(size: OperandSize, out: Decoded): number {
  if (typeof size === 'number') return size
  const { operandSize } = out
  switch (size) {
    case 'v':
      return operandSize
    case 'z':
      return operandSize === 16 ? 16 : 32
    case 'y':
      return operandSize === 64 ? 64 : 32
    case 'a':
      return out.addressSize
    case 'x':
      return out.vectorLength
    case 'x2':
      return out.vectorLength >> 1
    case 'x4':
      return out.vectorLength >> 2
    case 'x8':
      return out.vectorLength >> 3
    default:
      return size satisfies never
  }
}

function register(operand: DecodedOperand, file: RegisterFile, index: number, width: number): boolean {
  operand.kind = 'register'
  operand.file = file
  operand.index = index
  operand.width = width
  operand.highByte = false
  return true
}

/** 8-bit registers 4 to 7 are AH CH DH BH unless a REX prefix is there. SDM 1 §3.4.1.1. */
function general(reader: Reader, operand: DecodedOperand, index: number, width: number): boolean {
  register(operand, 'gpr', index, width)
  if (index > 15) return false
  if (width === 8 && index >= 4 && index < 8 && !reader.rex && !reader.vex) {
    operand.index = index - 4
    operand.highByte = true
  }
  return true
}

/**
 * CR1, CR5 to CR7 and CR9 up do not exist, nor DR8 up; nor segment registers 6 and 7, and CS cannot be loaded by MOV. There are eight opmask
 * registers and tiles, and four bounds.
 */
function exists(file: RegisterFile, index: number, reader: Reader): boolean {
  switch (file) {
    case 'control':
      return index === 0 || index === 8 || (index >= 2 && index <= 4)
    case 'debug':
      return index < 8
    case 'segment':
      return index < 6 && !(reader.opcodeByte === 0x8e && index === 1)
    case 'opmask':
    case 'tile':
      return index < 8
    case 'bound':
      return index < 4
    default:
      return true
  }
}

function registerFiller(file: RegisterFile, size: OperandSize, number: (reader: Reader) => number): Fill {
  if (file === 'gpr') return (reader, out, operand) => general(reader, operand, number(reader), widthOf(size, out))
  // REX.R does not reach segment and MMX registers
  const mask = file === 'segment' || file === 'mmx' ? 7 : 31
  return (reader, out, operand) => {
    const index = number(reader) & mask
    return register(operand, file, index, widthOf(size, out)) && exists(file, index, reader)
  }
}

function rmFiller(file: RegisterFile, size: OperandSize, inMemory: OperandSize): Fill {
  const eight = file === 'mmx' || file === 'x87' || file === 'opmask'
  return (reader, out, operand) => {
    if (reader.addressed) {
      operand.kind = 'memory'
      operand.width = reader.elementBits === 0 ? widthOf(inMemory, out) : reader.elementBits
      return true
    }
    const index = (reader.modrm & 7) | (eight ? 0 : reader.rexB << 3)
    if (file === 'gpr') return general(reader, operand, index, widthOf(size, out))
    // a vector register of EVEX has its highest bit in X
    const high = reader.evex && file === 'xmm' ? reader.rexX << 4 : 0
    return register(operand, file, index | high, widthOf(size, out)) && exists(file, index, reader)
  }
}

function immediate(operand: DecodedOperand, bytes: number, width: number, low: number, high: number): boolean {
  operand.kind = 'immediate'
  operand.bytes = bytes
  operand.width = width
  operand.low = low
  operand.high = high
  return true
}

/** Immediates narrower than what they are used as are sign-extended. */
function immediateFiller(encoded: OperandSize, size: OperandSize): Fill {
  if (encoded === 8 && size === 8) return (reader, _out, operand) => immediate(operand, 1, 8, reader.byte(), 0)
  if (encoded === 16) return (reader, _out, operand) => immediate(operand, 2, 16, reader.word(), 0)
  return (reader, out, operand) => {
    const width = widthOf(size, out)
    if (encoded === 'v' && width === 64) return immediate(operand, 8, 64, reader.dword(), reader.dword())
    const value = encoded === 8 ? (reader.byte() << 24) >> 24 : width === 16 ? reader.word() : reader.dword()
    const bytes = encoded === 8 ? 1 : width === 16 ? 2 : 4
    return immediate(operand, bytes, width, width === 16 ? value & 0xffff : value, width === 64 ? value >> 31 : 0)
  }
}

function relativeFiller(encoded: OperandSize): Fill {
  return (reader, out, operand) => {
    operand.kind = 'relative'
    operand.width = reader.codeSize
    operand.low =
      encoded === 8
        ? (reader.byte() << 24) >> 24
        : out.operandSize === 16
          ? (reader.word() << 16) >> 16
          : reader.dword()
    operand.high = operand.low >> 31
    return true
  }
}

function moffsFiller(size: OperandSize): Fill {
  return (reader, out, operand) => {
    operand.kind = 'memory'
    operand.width = widthOf(size, out)
    out.base = out.index = noRegister
    out.displacement = out.addressSize === 16 ? reader.word() : reader.dword()
    out.displacementHigh = out.addressSize === 64 ? reader.dword() : out.displacement >> 31
    return true
  }
}

const farPointer: Fill = (reader, out, operand) => {
  operand.kind = 'far'
  operand.width = out.operandSize
  operand.low = out.operandSize === 16 ? reader.word() : reader.dword()
  operand.high = reader.word()
  return true
}
