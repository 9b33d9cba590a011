import type { OperandCode } from '@vmm/x86-opcodes'
import type { Candidate } from './candidates.ts'
import { type Decoded, type DecodedOperand, noRegister, type RegisterFile } from './decoded.ts'
import type { Reader } from './reader.ts'

type Fill = (reader: Reader, out: Decoded, operand: DecodedOperand) => void

/** Fills the operands of `out`. False if one cannot be encoded so. */
export function fillOperands(reader: Reader, candidate: Candidate, out: Decoded): boolean {
  out.count = candidate.operands.length
  for (let at = 0; at < out.count; at += 1) {
    const operand = out.operands[at]!
    fillers[candidate.operands[at]!](reader, out, operand)
    if (operand.index === -1) return false
  }
  return true
}

function register(operand: DecodedOperand, file: RegisterFile, index: number, width: number): void {
  operand.kind = 'register'
  operand.file = file
  operand.index = index
  operand.width = width
  operand.highByte = false
}

/** 8-bit registers 4 to 7 are AH CH DH BH unless a REX prefix is there. */
function byteRegister(reader: Reader, operand: DecodedOperand, index: number): void {
  register(operand, 'gpr', index, 8)
  if (!reader.rex && !reader.vex && index >= 4 && index < 8) {
    operand.index = index - 4
    operand.highByte = true
  }
}

function memory(operand: DecodedOperand, width: number): void {
  operand.kind = 'memory'
  operand.width = width
  operand.index = 0
}

const width = {
  b: () => 8,
  w: () => 16,
  d: () => 32,
  q: () => 64,
  v: (_: Reader, out: Decoded) => out.operandSize,
  z: (_: Reader, out: Decoded) => (out.operandSize === 16 ? 16 : 32),
  y: (_: Reader, out: Decoded) => (out.operandSize === 64 ? 64 : 32),
} as const

type Size = keyof typeof width

/** ModRM.reg as a general register. */
const G = (size: Size): Fill => (reader, out, operand) => {
  const index = ((reader.modrm >> 3) & 7) | (reader.rexR << 3)
  if (size === 'b') byteRegister(reader, operand, index)
  else register(operand, 'gpr', index, width[size](reader, out))
}

const rmRegister = (reader: Reader): number => (reader.modrm & 7) | (reader.rexB << 3)

/** ModRM.r/m as a general register or memory, of sizes that may differ. */
const E = (size: Size, inMemory: Size = size): Fill => (reader, out, operand) => {
  if (reader.modrm < 0xc0) memory(operand, width[inMemory](reader, out))
  else if (size === 'b') byteRegister(reader, operand, rmRegister(reader))
  else register(operand, 'gpr', rmRegister(reader), width[size](reader, out))
}

const M = (bits: number): Fill => (_reader, _out, operand) => memory(operand, bits)

/** The register in the opcode's low bits. */
const Z = (size: Size): Fill => (reader, out, operand) => {
  const index = (reader.opcodeByte & 7) | (reader.rexB << 3)
  if (size === 'b') byteRegister(reader, operand, index)
  else register(operand, 'gpr', index, width[size](reader, out))
}

const fixed = (file: RegisterFile, index: number, size: Size | number): Fill => (reader, out, operand) =>
  register(operand, file, index, typeof size === 'number' ? size : width[size](reader, out))

function immediate(operand: DecodedOperand, bits: number, low: number, high: number): void {
  operand.kind = 'immediate'
  operand.index = 0
  operand.width = bits
  operand.low = low
  operand.high = high
}

/** Signed immediates as wide as the operand; unsigned where narrower. */
function signedImmediate(operand: DecodedOperand, bits: number, value: number): void {
  immediate(operand, bits, bits === 16 ? value & 0xffff : value, bits === 64 ? value >> 31 : 0)
}

const moffs = (size: 'b' | 'v'): Fill => (reader, out, operand) => {
  memory(operand, width[size](reader, out))
  out.base = out.index = noRegister
  out.displacement = out.addressSize === 16 ? reader.word() : reader.dword()
  out.displacementHigh = out.addressSize === 64 ? reader.dword() : 0
}

function relative(reader: Reader, operand: DecodedOperand, distance: number): void {
  operand.kind = 'relative'
  operand.index = 0
  operand.width = reader.codeSize
  operand.low = distance
}

/** Segment registers 6 and 7 do not exist: #UD. CS cannot be loaded by MOV. */
const Sw: Fill = (reader, _out, operand) => {
  const index = (reader.modrm >> 3) & 7
  register(operand, 'segment', index > 5 || (reader.opcodeByte === 0x8e && index === 1) ? -1 : index, 16)
}

/** CR1, CR5 to CR7 and CR9 up do not exist. */
const Cy: Fill = (reader, out, operand) => {
  const index = ((reader.modrm >> 3) & 7) | (reader.rexR << 3)
  register(operand, 'control', [0, 2, 3, 4, 8].includes(index) ? index : -1, width.y(reader, out))
}

const Dy: Fill = (reader, out, operand) => {
  const index = ((reader.modrm >> 3) & 7) | (reader.rexR << 3)
  register(operand, 'debug', index > 7 ? -1 : index, width.y(reader, out))
}

/** A far pointer in memory: `width` is that of its offset. */
const Mp: Fill = (_reader, out, operand) => memory(operand, out.operandSize)

const farPointer: Fill = (reader, out, operand) => {
  operand.kind = 'far'
  operand.index = 0
  operand.width = out.operandSize
  operand.low = out.operandSize === 16 ? reader.word() : reader.dword()
  operand.high = reader.word()
}

const vectorReg = (file: 'xmm' | 'mmx', bits: number): Fill => (reader, _out, operand) => {
  const index = (reader.modrm >> 3) & 7
  register(operand, file, file === 'xmm' ? index | (reader.rexR << 3) : index, bits)
}

const vectorRm = (file: 'xmm' | 'mmx', bits: number, inMemory = bits): Fill => (reader, _out, operand) => {
  if (reader.modrm < 0xc0) memory(operand, inMemory)
  else register(operand, file, file === 'xmm' ? rmRegister(reader) : reader.modrm & 7, bits)
}

const x87: Fill = (reader, _out, operand) => register(operand, 'x87', reader.modrm & 7, 80)

const fillers: Readonly<Record<OperandCode, Fill>> = {
  Eb: E('b'), Ew: E('w'), Ed: E('d'), Eq: E('q'), Ev: E('v'), Ey: E('y'), Ez: E('z'),
  Gb: G('b'), Gw: G('w'), Gd: G('d'), Gq: G('q'), Gv: G('v'), Gy: G('y'), Gz: G('z'),
  By: (reader, out, operand) => register(operand, 'gpr', reader.vexRegister, width.y(reader, out)),
  M: M(0), Mb: M(8), Mw: M(16), Md: M(32), Mq: M(64), Mdq: M(128), Mt: M(80), Mx: M(0), Ms: M(0),
  Mv: (_reader, out, operand) => memory(operand, out.operandSize),
  My: (reader, out, operand) => memory(operand, width.y(reader, out)),
  Ma: (_reader, out, operand) => memory(operand, out.operandSize),
  Mm: (_reader, out, operand) => memory(operand, out.operandSize === 64 ? 128 : 64),
  Mp,
  Rv: E('v'), Rd: E('d'), Rq: E('q'), Ry: E('y'),
  RvMw: E('v', 'w'), RdMw: E('d', 'w'), RdMb: E('d', 'b'), RyMb: E('y', 'b'), RyMw: E('y', 'w'), RvMd: E('v', 'd'),
  Sw, Cy, Dy,
  Ib: (reader, _out, operand) => immediate(operand, 8, reader.byte(), 0),
  Ibs: (reader, out, operand) => signedImmediate(operand, out.operandSize, (reader.byte() << 24) >> 24),
  Iw: (reader, _out, operand) => immediate(operand, 16, reader.word(), 0),
  Iz: (reader, out, operand) => signedImmediate(operand, out.operandSize, out.operandSize === 16 ? (reader.word() << 16) >> 16 : reader.dword()),
  Iv: (reader, out, operand) => {
    if (out.operandSize === 64) immediate(operand, 64, reader.dword(), reader.dword())
    else signedImmediate(operand, out.operandSize, out.operandSize === 16 ? reader.word() : reader.dword())
  },
  Ob: moffs('b'), Ov: moffs('v'),
  Jb: (reader, _out, operand) => relative(reader, operand, (reader.byte() << 24) >> 24),
  Jz: (reader, out, operand) => relative(reader, operand, out.operandSize === 16 ? (reader.word() << 16) >> 16 : reader.dword()),
  Ap: farPointer,
  Zb: Z('b'), Zv: Z('v'), Zd: Z('d'), Zq: Z('q'),
  AL: fixed('gpr', 0, 8), AX: fixed('gpr', 0, 16), eAX: fixed('gpr', 0, 'z'), rAX: fixed('gpr', 0, 'v'),
  CL: fixed('gpr', 1, 8), DX: fixed('gpr', 2, 16),
  '1': (_reader, _out, operand) => immediate(operand, 8, 1, 0),
  ES: fixed('segment', 0, 16), CS: fixed('segment', 1, 16), SS: fixed('segment', 2, 16),
  DS: fixed('segment', 3, 16), FS: fixed('segment', 4, 16), GS: fixed('segment', 5, 16),
  ST0: fixed('x87', 0, 80), STi: x87, XMM0: fixed('xmm', 0, 128),
  Vdq: vectorReg('xmm', 128), Vq: vectorReg('xmm', 64), Vd: vectorReg('xmm', 32),
  Wdq: vectorRm('xmm', 128), Wq: vectorRm('xmm', 64), Wd: vectorRm('xmm', 32), Ww: vectorRm('xmm', 16), Wb: vectorRm('xmm', 8),
  Udq: vectorRm('xmm', 128), Uq: vectorRm('xmm', 64),
  Pq: vectorReg('mmx', 64), Qq: vectorRm('mmx', 64), Qd: vectorRm('mmx', 32), Nq: vectorRm('mmx', 64),
}
