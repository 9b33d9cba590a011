import type { Mandatory } from '@vmm/x86-opcodes'
import { type Candidate, evexMaps, type Maps, type Slot, suffixMap, vexMaps, xopMaps } from './candidates.ts'
import { type CodeSize, type Decoded, noRegister, ripBase } from './decoded.ts'

const vexPrefixes: readonly Mandatory[] = ['NP', '66', 'F3', 'F2']

/** What stands for 0F 0F until its own byte is found behind the address. */
export const suffixed: Slot = { candidates: [], modrm: 'group', choices: [] }

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
  /** Behind VEX, EVEX or XOP. */
  vex = false
  evex = false
  /** EVEX.b, EVEX.z and EVEX.aaa. */
  evexB = false
  zeroing = false
  mask = 0
  /** The upper bits of the register in ModRM.reg: R and R'. */
  registerHigh = 0
  /** Of an element of memory that is broadcast; 0: none is. */
  elementBits = 0
  /** What an 8-bit displacement counts. */
  displacementUnit = 1
  /** The last byte, which has a register in its upper half. */
  lastByte = 0
  /** VEX.vvvv as a number; its highest bit names no register outside 64-bit code, but must be clear where none is named. */
  vexRegister = 0
  vexLength = 0
  #mandatory = 0
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
    this.evex = this.evexB = this.zeroing = false
    this.mask = this.registerHigh = this.elementBits = 0
    this.displacementUnit = 1
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
      else if (byte === 0x0f) return this.short ? undefined : suffixed
    } else if (byte === 0xc4 || byte === 0xc5 || byte === 0x62 || byte === 0x8f) {
      map = this.#vectorMap(byte, maps)
      if (map < 0) return undefined
      if (map > 0) byte = this.byte()
    }
    this.opcodeByte = byte
    this.registerHigh |= this.rexR << 3
    return this.short ? undefined : maps.slots[map]![byte]
  }

  /** The slot of a 3DNow! instruction, whose address has been taken. */
  suffixedSlot(maps: Maps): Slot | undefined {
    return maps.slots[suffixMap]![this.byte()]
  }

  /** The map behind VEX, EVEX or XOP; 0 if the byte is an opcode of its own, -1 if the prefix is not valid. */
  #vectorMap(byte: number, maps: Maps): number {
    if (byte === 0x8f ? !this.#isXop(maps) : !this.#isVex()) return 0
    if (byte === 0x62 && !maps.evex) return 0
    if (this.rex || this.operandPrefix || this.repeat !== 0 || this.lock) return -1
    this.vex = true
    if (byte === 0x62) return this.#evexPrefix()
    return byte === 0xc5 ? this.#shortVexPrefix() : this.#vexPrefix(byte === 0x8f)
  }

  /** 8F is POP if the field that selects a map is below 8. APM 3, §1.2.9. */
  #isXop(maps: Maps): boolean {
    return maps.xop && this.at < this.#end && (this.#bytes[this.at]! & 0x1f) >= 8
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

  /** C5 and a byte. SDM 2A §2.3.5. */
  #shortVexPrefix(): number {
    const byte = this.byte()
    this.rexR = this.codeSize === 64 ? (~byte >> 7) & 1 : 0
    this.#vectorFields(byte)
    this.vexLength = (byte >> 2) & 1
    return vexMaps + 1
  }

  /** C4 or 8F and two bytes. SDM 2A §2.3.5, APM 3 §1.2.9. */
  #vexPrefix(isXop: boolean): number {
    const byte = this.byte()
    const last = this.byte()
    if (this.codeSize === 64) this.#extensions(byte)
    this.rexW = last >> 7
    this.#vectorFields(last)
    this.vexLength = (last >> 2) & 1
    const map = byte & 0x1f
    if (isXop) return map <= 10 ? xopMaps + map : -1
    return map >= 1 && map <= 7 ? vexMaps + map : -1
  }

  /** 62 and three bytes. SDM 2A §2.7.1. */
  #evexPrefix(): number {
    const first = this.byte()
    const second = this.byte()
    const third = this.byte()
    this.evex = true
    this.rexW = second >> 7
    this.#vectorFields(second)
    this.evexB = (third & 0x10) !== 0
    this.zeroing = (third & 0x80) !== 0
    this.mask = third & 7
    this.vexLength = (third >> 5) & 3
    const upper = (~third >> 3) & 1
    if (this.codeSize === 64) {
      this.#extensions(first)
      this.registerHigh = ~first & 0x10
      this.vexRegister |= upper << 4
    } else if (upper !== 0) return -1
    const map = first & 7
    return (first & 8) === 0 && (second & 4) !== 0 && map !== 0 ? evexMaps + map : -1
  }

  /** R, X and B, inverted. */
  #extensions(byte: number): void {
    this.rexR = (~byte >> 7) & 1
    this.rexX = (~byte >> 6) & 1
    this.rexB = (~byte >> 5) & 1
  }

  /** vvvv, inverted, and pp. */
  #vectorFields(byte: number): void {
    this.vexRegister = (~byte >> 3) & 15
    this.#mandatory = byte & 3
  }

  /** The register in the upper half of the last byte. */
  lastRegister(): number {
    this.lastByte = this.byte()
    return (this.lastByte >> 4) & (this.codeSize === 64 ? 15 : 7)
  }

  /** All that the choice of a row depends on besides opcode and ModRM, as a small number. */
  selector(): number {
    const long = this.codeSize === 64 ? 1 : 0
    if (this.vex)
      return long | (this.#mandatory << 1) | (this.rexW << 3) | (this.vexLength << 4) | (this.evexB ? 0x40 : 0)
    const repeat = this.repeat === 0 ? 0 : this.repeat === 0xf3 ? 2 : 4
    return long | ((repeat | (this.operandPrefix ? 1 : 0)) << 1) | (this.rexW << 4) | (this.rexB << 5)
  }

  mandatoryIs(mandatory: Mandatory): boolean {
    if (this.vex) return mandatory === vexPrefixes[this.#mandatory]
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
    out.scale = out.displacement = out.displacementHigh = out.indexWidth = 0
    out.segmentOverride = this.segmentPrefix
    out.segment = this.#segment(DS)
  }

  #segment(otherwise: number): number {
    return this.segmentOverride < 0 ? otherwise : this.segmentOverride
  }

  /** Takes SIB and displacement of a memory operand. With `vectorIndex`, the index is a vector register so wide. */
  address(out: Decoded, vectorIndex = 0): void {
    this.addressed = true
    out.indexWidth = vectorIndex
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
    if (mod === 1) out.displacement = ((this.byte() << 24) >> 24) * this.displacementUnit
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
      if (out.indexWidth !== 0) out.index = index | (this.evex ? this.vexRegister & 16 : 0)
      else out.index = index === 4 ? noRegister : index
      out.scale = out.index === noRegister ? 0 : sib >> 6
      absolute = mod === 0 && (sib & 7) === 5
      if (absolute) base = noRegister
    } else if (absolute) base = this.codeSize === 64 ? ripBase : noRegister
    out.base = base
    if (base === 4 || base === 5) out.segment = this.#segment(SS)
    if (mod === 1) out.displacement = ((this.byte() << 24) >> 24) * this.displacementUnit
    if (mod === 2 || absolute) out.displacement = this.dword()
  }
}
