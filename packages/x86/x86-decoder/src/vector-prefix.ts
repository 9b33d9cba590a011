import { addresses, lengthShift as displacementShift, scaledAddresses, sibFollows } from './addresses.ts'
import { evexMaps, knowsEvex, knowsXop, type Maps, rex2Map, suffixMap, vexMaps, xopMaps } from './candidates.ts'
import { code } from './code-window.ts'
import { registerShifts } from './forms.ts'
import { lengthShift, ppShift, stateBits } from './prefixes.ts'

/** A place where no row is: no map has the number 0 of VEX. */
const noPlace = vexMaps << 8

/** What stands before an opcode byte that is not alone: escapes, VEX, EVEX, XOP. Reused from call to call. */
export const introduced = {
  /** Behind the opcode byte. */
  at: 0,
  /** Map and opcode byte, as places in `Maps` are; none where no map can be meant. */
  place: 0,
  opcode: 0,
  state: 0,
  /** The upper bits of registers, where they are side by side. */
  registers: 0,
  /** VEX.vvvv as a number; its highest bit names no register outside 64-bit code, but must be clear where none is named. */
  vvvv: 0,
  mask: 0,
  zeroing: false,
  /** The fifth bits of an address' base and index, which REX2 and EVEX have beside the others: `highBase` and `highIndex`. */
  high: 0,
}

/** Bits of `introduced.high`; the first is also that of a general register in ModRM.r/m. */
export const [highBase, highIndex] = [1, 2]

const { reg, rm, vvvv: vvvvShift, opcode: opcodeShift } = registerShifts

/** The upper bits of registers that REX says, by B, X and R. */
export const rexRegisters = Int32Array.from(
  { length: 8 },
  (_, bits) => ((bits & 4) << (reg + 1)) | ((bits & 1) << (rm + 3)) | ((bits & 1) << (opcodeShift + 3)),
)

const { b, x, r, rex, rex2, rexB, addressSize, operandSize, repeat, lock, vector, evex, evexB, w } = stateBits

/**
 * Goes on behind a byte at `at - 1` that introduces an opcode, or may: 0FH, C4H, C5H, 62H, 8FH, D5H. Gives what `Maps.entries` has for the opcode
 * byte, 0 where there is none, and fills `introduced`.
 */
export function introduce(maps: Maps, at: number, codeSize: number, state: number, addressKind: number): number {
  const byte = code[at - 1]!
  introduced.state = state
  introduced.registers = rexRegisters[(state >> 8) & 7]!
  if (byte === 0x0f) return escaped(maps, at, state, addressKind)
  if (byte === 0xd5) return codeSize === 2 ? behindRex2(maps, at, state) : entryAt(maps, 0, at - 1)
  const next = code[at]!
  const isVector = byte === 0x8f ? (next & 0x1f) >= 8 && knowsXop(maps) : codeSize === 2 || next >= 0xc0
  if (!isVector || (byte === 0x62 && !knowsEvex(maps))) return entryAt(maps, 0, at - 1)
  // where the next byte has told that it is one, that byte must be there
  introduced.at = codeSize === 2 && byte !== 0x8f ? at : at + 1
  introduced.place = noPlace
  if ((state & (rex | operandSize | repeat | lock)) !== 0) return 0
  const map = vectorMap(byte, at, codeSize, state, maps.extended)
  return map < 0 ? 0 : entryAt(maps, map, introduced.at)
}

/** Rows of the maps of one and two bytes that REX2 is not for, in the bits of a number. Source: Intel APX Architecture Specification 355828, REX2. */
const withoutRex2 = [0x4490, 0x0108] as const

/** D5 and a byte: M0, then the fifth and fourth bits of registers around W. Source: Intel APX Architecture Specification 355828, REX2. */
function behindRex2(maps: Maps, at: number, state: number): number {
  const [byte, opcode] = [code[at]!, code[at + 1]!]
  introduced.at = at + 2
  introduced.place = noPlace
  // REX and REX2 do not go together
  if ((state & rex) !== 0) return 0
  const bits = ((byte & 8) === 0 ? 0 : w) | ((byte & 4) === 0 ? 0 : r) | ((byte & 2) === 0 ? 0 : x)
  introduced.state = state | rex | rex2 | bits | ((byte & 1) === 0 ? 0 : b | rexB)
  introduced.high = ((byte & 0x10) === 0 ? 0 : highBase) | ((byte & 0x20) === 0 ? 0 : highIndex)
  const fifth = (byte & 0x10) << rm
  introduced.registers = rexRegisters[byte & 7]! | ((byte & 0x40) << (reg - 2)) | fifth | ((byte & 0x10) << opcodeShift)
  const map = byte >> 7
  const isOwn = map === 0 && (opcode === 0xa1 || (opcode >> 4 === 5 && (byte & 8) !== 0))
  // JMPABS: no 67H
  if (opcode === 0xa1 && (state & addressSize) !== 0) return 0
  if (isOwn) return entryAt(maps, rex2Map, at + 1)
  return ((withoutRex2[map as 0 | 1] >> (opcode >> 4)) & 1) === 0 ? entryAt(maps, map, at + 1) : 0
}

function entryAt(maps: Maps, map: number, at: number): number {
  introduced.opcode = code[at]!
  introduced.at = at + 1
  introduced.place = (map << 8) | introduced.opcode
  return maps.entries[introduced.place]! & 0x7fff_ffff
}

/** The opcodes behind 0F 38, 0F 3A and 0F 0F; the last are behind the address, which is not taken yet. */
function escaped(maps: Maps, at: number, state: number, addressKind: number): number {
  const byte = code[at]!
  if (byte !== 0x0f)
    return byte === 0x38 || byte === 0x3a ? entryAt(maps, byte === 0x38 ? 2 : 3, at + 1) : entryAt(maps, 1, at)
  const entry = entryAt(maps, suffixMap, behindAddress(at + 1, state, addressKind))
  if (entry !== 0) introduced.at = at + 1
  return entry
}

/** Where an address ends whose ModRM byte is at `at`. */
function behindAddress(at: number, state: number, addressKind: number): number {
  const modrm = code[at]!
  const address = addresses[addressKind | (state & b) | modrm]!
  if ((address & sibFollows) === 0) return at + 1 + (address >>> displacementShift)
  return at + 2 + (scaledAddresses[((modrm & 0xc0) << 4) | code[at + 1]!]! >>> displacementShift)
}

function vectorMap(byte: number, at: number, codeSize: number, state: number, extended: boolean): number {
  introduced.mask = 0
  introduced.zeroing = false
  introduced.high = 0
  introduced.registers = 0
  introduced.state = (state & ~stateBits.chosenBy) | vector
  if (byte === 0x62) return evexPrefix(at, codeSize, extended)
  if (byte === 0xc5) return shortVexPrefix(at, codeSize)
  return vexPrefix(at, codeSize, byte === 0x8f)
}

/** vvvv, inverted, L and pp, which are in the same bits of the last byte of VEX and XOP. */
function vectorFields(byte: number): void {
  introduced.vvvv = (~byte >> 3) & 15
  introduced.state |= (byte & 3) << ppShift
}

/** C5 and a byte. SDM 2A §2.3.5. */
function shortVexPrefix(at: number, codeSize: number): number {
  const byte = code[at]!
  vectorFields(byte)
  introduced.state |= ((byte >> 2) & 1) << lengthShift
  if (codeSize === 2) extensions(byte | 0x60)
  placeVvvv()
  introduced.at = at + 1
  return vexMaps + 1
}

/** C4 or 8F and two bytes. SDM 2A §2.3.5, APM 3 §1.2.9. */
function vexPrefix(at: number, codeSize: number, isXop: boolean): number {
  const [byte, last] = [code[at]!, code[at + 1]!]
  vectorFields(last)
  introduced.state |= (((last >> 2) & 1) << lengthShift) | ((last & 0x80) === 0 ? 0 : w)
  if (codeSize === 2) extensions(byte)
  placeVvvv()
  introduced.at = at + 2
  const map = byte & 0x1f
  if (isXop) return map <= 10 ? xopMaps + map : -1
  return map >= 1 && map <= 7 && map !== 4 ? vexMaps + map : -1
}

/** 62 and three bytes. SDM 2A §2.7.1; Intel APX Architecture Specification 355828, Extended EVEX. */
function evexPrefix(at: number, codeSize: number, extended: boolean): number {
  const [first, second, third] = [code[at]!, code[at + 1]!, code[at + 2]!]
  vectorFields(second)
  introduced.state |=
    evex | ((second & 0x80) === 0 ? 0 : w) | ((third & 0x10) === 0 ? 0 : evexB) | (((third >> 5) & 3) << lengthShift)
  introduced.zeroing = (third & 0x80) !== 0
  introduced.mask = third & 7
  introduced.at = at + 3
  const upper = (~third >> 3) & 1
  if (codeSize === 2) {
    extensions(first)
    introduced.registers |= (~first & 0x10) << reg
    if ((introduced.state & x) !== 0) introduced.registers |= 0x10 << rm
    introduced.vvvv |= upper << 4
  } else if (upper !== 0) return -1
  placeVvvv()
  const map = first & 7
  introduced.high = ((first & 8) === 0 ? 0 : highBase) | ((second & 4) === 0 ? highIndex : 0)
  if (map === 0 || (introduced.high !== 0 && !(extended && codeSize === 2))) return -1
  if (map !== 4) return evexMaps + map
  // L must be 0, and its place in the state is NF's
  if ((third & 0x60) !== 0) return -1
  introduced.state |= (third & 4) << (lengthShift - 2)
  return evexMaps + map
}

/** R, X and B, inverted. */
function extensions(byte: number): void {
  introduced.state |= ((byte & 0x80) === 0 ? r : 0) | ((byte & 0x40) === 0 ? x : 0) | ((byte & 0x20) === 0 ? b : 0)
  introduced.registers |= rexRegisters[(introduced.state >> 8) & 7]!
}

function placeVvvv(): void {
  introduced.registers |= introduced.vvvv << vvvvShift
}
