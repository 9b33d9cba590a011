import type { Mandatory } from '@vmm/x86-opcodes'
import { type Candidate, type Maps, type Slot, vexMaps } from './candidates.ts'
import { type CodeSize, type Decoded, noRegister, ripBase } from './decoded.ts'

const vexPrefixes: readonly Mandatory[] = ['NP', '66', 'F3', 'F2']

const SS = 2
const DS = 3

/** Bases and indices of 16-bit addresses by the r/m field: BX BP SI DI. SDM 2A §2.1.5, Table 2-1. */
const base16 = [3, 3, 5, 5, 6, 7, 5, 3]
const index16 = [6, 7, 6, 7, noRegister, noRegister, noRegister, noRegister]
const defaultSegment16 = [DS, DS, SS, SS, DS, DS, SS, DS]

/** The bytes of one instruction and what its prefixes said. Reading past the end gives zeros and sets `short`. */
export class Reader {
  #bytes: Uint8Array = new Uint8Array()
  #end = 0
  at = 0
  short = false
  codeSize: CodeSize = 64
  lock = false
  /** The last of F2 and F3, or 0. */
  repeat = 0
  operandPrefix = false
  addressPrefix = false
  segmentPrefix = false
  /** The segment register that a prefix chose, or -1. */
  segmentOverride = -1
  rexW = 0
  rexR = 0
  rexX = 0
  rexB = 0
  /** A REX prefix was there: SPL to DIL instead of AH to BH. */
  rex = false
  vex = false
  /** VEX.vvvv as a number; its highest bit names no register outside 64-bit code, but must be clear where none is named. */
  vexRegister = 0
  vexLength = 0
  #vexPrefix = 0
  opcodeByte = 0
  modrm = 0
  /** ModRM names memory. */
  addressed = false

  start(bytes: Uint8Array, offset: number, end: number, codeSize: CodeSize): void {
    this.#bytes = bytes
    this.#end = end
    this.at = offset
    this.short = false
    this.codeSize = codeSize
    this.lock = false
    this.repeat = 0
    this.operandPrefix = false
    this.addressPrefix = false
    this.segmentPrefix = false
    this.segmentOverride = -1
    this.rexW = this.rexR = this.rexX = this.rexB = 0
    this.rex = false
    this.vex = false
    this.vexRegister = 0
    this.vexLength = 0
    this.addressed = false
  }

  byte(): number {
    if (this.at >= this.#end) {
      this.short = true
      return 0
    }
    return this.#bytes[this.at++]!
  }

  /** Signed 32 bits; bytes are read one by one so that a short read is noticed. */
  word(): number {
    return this.byte() | (this.byte() << 8)
  }

  dword(): number {
    return this.word() | (this.word() << 16)
  }

  /** Takes the prefixes and the opcode; gives the opcode's slot, or undefined when the bytes end or no row is there. */
  opcode(maps: Maps): Slot | undefined {
    let byte = this.#prefixes()
    if (this.short) return undefined
    let map = 0
    if (byte === 0x0f) {
      byte = this.byte()
      map = byte === 0x38 ? 2 : byte === 0x3a ? 3 : 1
      if (map > 1) byte = this.byte()
    } else if ((byte === 0xc4 || byte === 0xc5) && this.#isVex()) {
      map = this.#vexPrefixes(byte)
      if (map === 0) return undefined
      byte = this.byte()
    }
    this.opcodeByte = byte
    return this.short ? undefined : maps[map]![byte]
  }

  #prefixes(): number {
    for (;;) {
      const byte = this.byte()
      if (this.short) return 0
      if (!this.#prefix(byte)) return byte
    }
  }

  /** Takes a prefix. REX counts only directly before the opcode, so any other prefix forgets it. SDM 2A §2.2.1. */
  #prefix(byte: number): boolean {
    if (this.codeSize === 64 && (byte & 0xf0) === 0x40) {
      this.rex = true
      this.rexW = (byte >> 3) & 1
      this.rexR = (byte >> 2) & 1
      this.rexX = (byte >> 1) & 1
      this.rexB = byte & 1
      return true
    }
    switch (byte) {
      case 0x26:
      case 0x2e:
      case 0x36:
      case 0x3e:
        this.segmentPrefix = true
        // in 64-bit code these are ignored: an FS or GS before them stays
        if (this.codeSize !== 64) this.segmentOverride = (byte >> 3) & 3
        break
      case 0x64:
      case 0x65:
        this.segmentPrefix = true
        this.segmentOverride = byte - 0x60
        break
      case 0x66:
        this.operandPrefix = true
        break
      case 0x67:
        this.addressPrefix = true
        break
      case 0xf0:
        this.lock = true
        break
      case 0xf2:
      case 0xf3:
        this.repeat = byte
        break
      default:
        return false
    }
    this.rex = false
    this.rexW = this.rexR = this.rexX = this.rexB = 0
    return true
  }

  /** C4 and C5 are LES and LDS outside 64-bit code unless what follows would be a register form. SDM 2A §2.3.5. */
  #isVex(): boolean {
    return this.codeSize === 64 || (this.at < this.#end && this.#bytes[this.at]! >= 0xc0)
  }

  /** Gives the number of the map, or 0 if the prefix is not valid. SDM 2A §2.3.5. */
  #vexPrefixes(first: number): number {
    if (this.rex || this.operandPrefix || this.repeat !== 0 || this.lock) return 0
    this.vex = true
    const second = this.byte()
    this.rexR = (~second >> 7) & 1
    let map = 1
    let last = second
    if (first === 0xc4) {
      this.rexX = (~second >> 6) & 1
      this.rexB = (~second >> 5) & 1
      map = second & 0x1f
      last = this.byte()
      this.rexW = last >> 7
    }
    this.vexRegister = (~last >> 3) & 15
    this.vexLength = (last >> 2) & 1
    this.#vexPrefix = last & 3
    if (this.codeSize !== 64) this.rexR = this.rexX = this.rexB = 0
    return map >= 1 && map <= 3 ? vexMaps + map : 0
  }

  /** All that the choice of a row depends on besides opcode and ModRM, as a small number. */
  selector(): number {
    const long = this.codeSize === 64 ? 1 : 0
    if (this.vex) return long | (this.#vexPrefix << 1) | (this.rexW << 4) | (this.vexLength << 5)
    const repeat = this.repeat === 0 ? 0 : this.repeat === 0xf3 ? 2 : 4
    return long | ((repeat | (this.operandPrefix ? 1 : 0)) << 1) | (this.rexW << 4) | (this.rexB << 5)
  }

  mandatoryIs(mandatory: Mandatory): boolean {
    if (this.vex) return mandatory === vexPrefixes[this.#vexPrefix]
    switch (mandatory) {
      case 'any':
        return true
      case 'NP':
        return this.repeat === 0 && !this.operandPrefix
      case 'NFx':
        return this.repeat === 0
      case '66':
        return this.operandPrefix && this.repeat === 0
      case 'F2':
        return this.repeat === 0xf2
      case 'F3':
        return this.repeat === 0xf3
      default:
        return mandatory satisfies never
    }
  }

  /** Reads the ModRM byte. False when there is none. */
  takeModrm(): boolean {
    this.modrm = this.byte()
    return !this.short
  }

  operandSize(candidate: Candidate): 16 | 32 | 64 {
    const prefixed = this.operandPrefix && candidate.mandatory !== '66'
    if (this.codeSize === 64) {
      if (this.rexW === 1 || candidate.force64) return 64
      if (prefixed) return 16
      return candidate.default64 ? 64 : 32
    }
    return prefixed === (this.codeSize === 16) ? 32 : 16
  }

  addressSize(): 16 | 32 | 64 {
    if (this.codeSize === 64) return this.addressPrefix ? 32 : 64
    return this.addressPrefix === (this.codeSize === 16) ? 32 : 16
  }

  /** No memory operand; the segment is that of a string source. */
  noAddress(out: Decoded): void {
    out.base = out.index = noRegister
    out.scale = out.displacement = out.displacementHigh = 0
    out.segmentOverride = this.segmentPrefix
    out.segment = this.#segment(DS)
  }

  #segment(otherwise: number): number {
    return this.segmentOverride < 0 ? otherwise : this.segmentOverride
  }

  /** Takes SIB and displacement of a memory operand. */
  address(out: Decoded): void {
    this.addressed = true
    if (out.addressSize === 16) this.#address16(out)
    else this.#address32(out)
    out.displacementHigh = out.displacement >> 31
  }

  #address16(out: Decoded): void {
    const mod = this.modrm >> 6
    const rm = this.modrm & 7
    if (mod === 0 && rm === 6) {
      out.displacement = (this.word() << 16) >> 16
      return
    }
    out.base = base16[rm]!
    out.index = index16[rm]!
    out.segment = this.#segment(defaultSegment16[rm]!)
    if (mod === 1) out.displacement = (this.byte() << 24) >> 24
    if (mod === 2) out.displacement = (this.word() << 16) >> 16
  }

  #address32(out: Decoded): void {
    const mod = this.modrm >> 6
    const rm = this.modrm & 7
    let base = rm | (this.rexB << 3)
    let absolute = mod === 0 && rm === 5
    if (rm === 4) {
      const sib = this.byte()
      base = (sib & 7) | (this.rexB << 3)
      const index = ((sib >> 3) & 7) | (this.rexX << 3)
      out.index = index === 4 ? noRegister : index
      out.scale = out.index === noRegister ? 0 : sib >> 6
      absolute = mod === 0 && (sib & 7) === 5
      if (absolute) base = noRegister
    } else if (absolute) base = this.codeSize === 64 ? ripBase : noRegister
    out.base = base
    if (base === 4 || base === 5) out.segment = this.#segment(SS)
    if (mod === 1) out.displacement = (this.byte() << 24) >> 24
    if (mod === 2 || absolute) out.displacement = this.dword()
  }
}
