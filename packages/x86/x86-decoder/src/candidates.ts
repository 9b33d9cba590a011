import {
  type EncodingSpace,
  elisionOf,
  type Mandatory,
  type ModrmPattern,
  type OpcodePattern,
  type OpcodePlace,
  type OpcodeRow,
  type OperandPlace,
  type OperandSize,
  opcodePlaces,
  patternAt,
  placeOf,
  rowAt,
  takesBnd,
} from '@vmm/x86-opcodes'
import { type AttributeFacts, factsOf } from './attribute-facts.ts'
import { type Choices, noChoices } from './choose.ts'
import { fastLayout } from './fast-layout.ts'

/** A row in the form that decoding asks its questions in. */
export interface Candidate extends AttributeFacts {
  readonly row: number
  readonly mnemonic: string
  readonly places: readonly OperandPlace[]
  /** The opcode byte, the first of eight where a register is in it. */
  readonly byte: number
  readonly space: EncodingSpace
  readonly mandatory: Mandatory
  /** REX.W or VEX.W must be this; -1: either. */
  readonly w: number
  /** VEX.L must be this; -1: any. */
  readonly l: number
  /** The vector length says nothing: there is one element. */
  readonly ignoresLength: boolean
  /** ModRM under this mask must equal `modrmValue`. */
  readonly modrmMask: number
  readonly modrmValue: number
  /** ModRM must name memory. */
  readonly memoryOnly: boolean
  /** What is asked of an address: a SIB byte, a vector as its index, that RIP is not its base, or just that it has more than 16 bits; `any` is nothing. */
  readonly address: 'any' | 'sib' | 'vector' | 'notRip' | 'wide'
  /** In 64-bit code addresses have 64 bits, whatever the prefixes say: bounds. */
  readonly address64: boolean
  /** How wide a vector is that is the index, as an operand size. */
  readonly vectorIndex: OperandSize
  /** What F2 and F3 hint, as codes of the record's, by whether the operand is memory. */
  readonly hints: PrefixHints | undefined
  /** VEX.vvvv names an operand; elsewhere it must be 1111B. */
  readonly vvvv: boolean
  /** The first operand is memory if anything is: elements of it cannot become zero. */
  readonly writesRm: boolean
  /** Bytes that an 8-bit displacement of EVEX counts, by vector length. */
  readonly displacementBytes: readonly [number, number, number]
  /** Of EVEX map 4, where EVEX.b is ND: what it must be; -1 elsewhere. */
  readonly nd: number
  /** There are 32 general registers. */
  readonly extended: boolean
  /** Something is asked of its address or registers. */
  readonly careful: boolean
}

/** Codes of hints that F2 and F3 are before memory, and before registers or where there is no ModRM byte. */
export interface PrefixHints {
  readonly inMemory: readonly [F2: number, F3: number]
  readonly elsewhere: readonly [F2: number, F3: number]
}

/**
 * One opcode byte of a map: its rows, the most particular first. The choice among them depends on mode, prefixes, W and L, and on ModRM:
 * not at all, by mod = 3 and reg, or wholly.
 */
export interface Slot {
  readonly candidates: readonly Candidate[]
  readonly modrm: 'none' | 'group' | 'whole'
}

/** Numbers of the maps in `Maps`: legacy maps 0 to 3, 3DNow!'s, then seven of VEX and of EVEX each (from 1) and three of XOP (from 8). REX2's is where VEX has none, the fourth. */
export const [suffixMap, vexMaps, evexMaps, xopMaps, rex2Map] = [4, 4, 12, 12, 8]
const [firstXop, mapCount] = [xopMaps + 8, 24]

const mapBases = {
  legacy: 0,
  '3DNow!': suffixMap - 1,
  VEX: vexMaps,
  EVEX: evexMaps,
  XOP: xopMaps,
  REX2: rex2Map,
} as const

/** What a decoder knows. */
export interface Maps {
  /**
   * By place, which is map (256) and byte: 0 where no row is, or where nobody has looked yet, else how much of ModRM chooses (0 where there is none, 1 for
   * mod = 3 and reg, 2 for all) from bit 28 on, and from bit 8 on the number of the slot. Negative: the byte may introduce another map.
   */
  readonly entries: Int32Array
  /** Places where somebody has looked. */
  readonly looked: Uint8Array
  readonly slots: Slot[]
  readonly choices: Choices
  readonly knows: (row: OpcodeRow) => boolean
  /** There are REX2 and 32 general registers: it knows a row that REX2 alone introduces. */
  readonly extended: boolean
  /** Whether there are rows behind EVEX and behind XOP: without, they are no prefixes. Undefined: nobody has asked. */
  evex: boolean | undefined
  xop: boolean | undefined
}

/** Bytes of an operand size at the vector lengths 128, 256 and 512; those that depend on anything else are of no interest here. */
function bytesByLength(size: OperandSize): [number, number, number] {
  const part = vectorParts[size]
  if (part === undefined) {
    const bytes = typeof size === 'number' ? size / 8 : 0
    return [bytes, bytes, bytes]
  }
  return [16 / part, 32 / part, 64 / part]
}

const vectorParts: Readonly<Record<string, number | undefined>> = { x: 1, x2: 2, x4: 4, x8: 8 }

type Rm = Extract<OperandPlace, { place: 'rm' }>

/** Bytes that an 8-bit displacement of EVEX counts, by vector length. */
function displacementBytesOf(
  element: number | undefined,
  memory: OperandSize | undefined,
): Candidate['displacementBytes'] {
  if (element !== undefined) return [element, element, element]
  // a general register or memory is as wide as W says, which is one element
  return bytesByLength(memory === 'y' ? 'y' : (memory ?? 0))
}

function addressOf({ notRip, no16 }: AttributeFacts, rm: Rm | undefined): Candidate['address'] {
  if (rm?.index !== undefined) return 'vector'
  if (rm?.sib === true) return 'sib'
  if (notRip) return 'notRip'
  return no16 ? 'wide' : 'any'
}

function candidateOf(row: OpcodeRow, number: number, pattern: OpcodePattern, extended: boolean): Candidate {
  const facts = factsOf(row.attributes)
  const places = row.operands.map(placeOf)
  const rm = facts.anyMod ? undefined : places.find((place) => place.place === 'rm')
  const [mask, value] = modrmTest(pattern.modrm)
  const address = addressOf(facts, rm)
  const [rmMask, rmValue] = rmTest(facts, rm, address)
  const ofApx = pattern.space === 'EVEX' && pattern.map === 4
  return {
    ...facts,
    row: number,
    mnemonic: row.mnemonic,
    places,
    byte: pattern.byte,
    space: pattern.space,
    mandatory: pattern.mandatory,
    w: pattern.w ?? -1,
    l: pattern.l ?? -1,
    ignoresLength: pattern.ignoresLength || ofApx,
    modrmMask: mask | rmMask,
    modrmValue: value | rmValue,
    memoryOnly: rm !== undefined && rm.size === undefined,
    address,
    address64: address === 'notRip' || address === 'wide',
    vectorIndex: rm?.index ?? 0,
    hints: pattern.mandatory === 'any' ? hintsOf(row) : undefined,
    vvvv: places.some((place) => place.place === 'vvvv'),
    writesRm: places[0]?.place === 'rm',
    displacementBytes: displacementBytesOf(facts.elementBytes, rm?.memory),
    careful: address !== 'any' || facts.distinct !== 'none' || facts.notSp,
    nd: ofApx ? (facts.newDestination ? 1 : 0) : -1,
    extended,
  }
}

const [xacquire, xrelease, bnd, locked] = [1, 2, 3, 4]

function hintsOf(row: OpcodeRow): PrefixHints | undefined {
  if (takesBnd(row)) return { inMemory: [bnd, 0], elsewhere: [bnd, 0] }
  const elision = elisionOf(row)
  if (elision === 'none') return undefined
  const inMemory = (): PrefixHints['inMemory'] => {
    if (elision === 'release') return [0, xrelease]
    return row.mnemonic === 'XCHG' ? [xacquire, xrelease] : [xacquire | locked, xrelease | locked]
  }
  return { inMemory: inMemory(), elsewhere: [0, 0] }
}

/** What is asked of ModRM.mod and r/m: a register, register 0, a SIB byte, or RIP-relative memory. */
function rmTest(
  { ripOnly, rm0 }: AttributeFacts,
  rm: Rm | undefined,
  address: Candidate['address'],
): readonly [mask: number, value: number] {
  if (ripOnly) return [0xc7, 5]
  if (address === 'vector' || address === 'sib') return [7, 4]
  if (rm0) return [0xc7, 0xc0]
  return rm !== undefined && rm.memory === undefined ? [0xc0, 0xc0] : [0, 0]
}

function modrmTest(modrm: ModrmPattern): readonly [mask: number, value: number] {
  switch (modrm.kind) {
    case 'none':
    case 'any':
      return [0, 0]
    case 'digit':
      return [0x38, modrm.value << 3]
    case 'register':
      return [0xf8, modrm.value]
    case 'exact':
      return [0xff, modrm.value]
    default:
      return modrm satisfies never
  }
}

function bitCount(mask: number): number {
  let count = 0
  for (let bits = mask; bits !== 0; bits &= bits - 1) count += 1
  return count
}

/** How much a row asks for: rows that ask for more are tried first. */
const particularity = ({ modrmMask, memoryOnly, mandatory, w, noRexB }: Candidate): number =>
  bitCount(modrmMask) +
  (memoryOnly ? 2 : 0) +
  (mandatory === 'any' ? 0 : mandatory === 'NFx' ? 8 : 16) +
  (w < 0 ? 0 : 32) +
  (noRexB ? 4 : 0)

/** Space and map of a map's number. */
function mapNumbered(number: number): Pick<OpcodePlace, 'space' | 'map'> {
  const space = spaceNumbered(number)
  return { space, map: number - mapBases[space] }
}

function spaceNumbered(number: number): EncodingSpace {
  if (number <= suffixMap) return number === suffixMap ? '3DNow!' : 'legacy'
  if (number === rex2Map) return 'REX2'
  if (number <= evexMaps) return 'VEX'
  return number < firstXop ? 'EVEX' : 'XOP'
}

/** The numbers of the rows of maps that were asked for, by opcode byte. */
const rowsOfMaps: (readonly (readonly number[] | undefined)[] | undefined)[] = []

/** The numbers of the rows at a place. */
function rowsAt(place: number): readonly number[] {
  const map = place >> 8
  rowsOfMaps[map] ??= rowsByByte(map)
  return rowsOfMaps[map][place & 0xff] ?? []
}

function rowsByByte(map: number): readonly (readonly number[] | undefined)[] {
  const bytes = new Array<number[] | undefined>(256)
  for (const { row, byte, register } of opcodePlaces(mapNumbered(map)))
    for (let at = byte; at < byte + (register ? 8 : 1); at += 1) {
      const others = bytes[at]
      if (others === undefined) bytes[at] = [row]
      else others.push(row)
    }
  return bytes
}

/** JMPABS: whoever knows it knows APX. */
const jmpabs = 0xa1

/** The maps of the rows that are asked for, in a memory as `fastLayout` has it. Rows are looked at when their opcode comes. */
export function mapsOf(knows: (row: OpcodeRow) => boolean, memory: ArrayBuffer): Maps {
  const entries = new Int32Array(memory, fastLayout.entries, mapCount << 8)
  for (const place of introducers) entries[place] = 1 << 31
  const extended = opcodePlaces(mapNumbered(rex2Map)).some(({ row, byte }) => byte === jmpabs && knows(rowAt(row)))
  if (extended) entries[0xd5] = 1 << 31
  const slots: Slot[] = [{ candidates: [], modrm: 'none' }]
  const [looked, choices] = [new Uint8Array(mapCount << 8), noChoices(memory)]
  return { entries, looked, slots, choices, knows, extended, evex: undefined, xop: undefined }
}

/** Whether there are rows behind EVEX. */
export function knowsEvex(maps: Maps): boolean {
  maps.evex ??= knowsAny(maps, evexMaps + 1, firstXop)
  return maps.evex
}

/** Whether there are rows behind XOP. */
export function knowsXop(maps: Maps): boolean {
  maps.xop ??= knowsAny(maps, firstXop, mapCount)
  return maps.xop
}

function knowsAny({ knows }: Maps, firstMap: number, endMap: number): boolean {
  for (let map = firstMap; map < endMap; map += 1)
    if (opcodePlaces(mapNumbered(map)).some(({ row }) => knows(rowAt(row)))) return true
  return false
}

/** What `entries` has for a place, looked at now if nobody has before. */
export function lookAt(maps: Maps, place: number): number {
  const { entries, looked, slots, knows, extended } = maps
  if (looked[place] === 0) {
    looked[place] = 1
    const slot = slotOf(
      rowsAt(place).filter((row) => knows(rowAt(row))),
      extended,
    )
    if (slot !== undefined) {
      entries[place]! |= (modrmKinds[slot.modrm] << 28) | (slots.length << 8)
      slots.push(slot)
    }
  }
  return entries[place]! & 0x7fff_ffff
}

const modrmKinds = { none: 0, group: 1, whole: 2 } as const

/** Bytes that introduce other maps, or may: VEX, EVEX, XOP; 0F 38, 0F 3A and 0F 0F. */
const introducers = [0x62, 0x8f, 0xc4, 0xc5, 0x10f, 0x138, 0x13a]

function slotOf(numbers: readonly number[], extended: boolean): Slot | undefined {
  if (numbers.length === 0) return undefined
  const patterns = numbers.map(patternAt)
  const candidates = numbers.map((number, at) => candidateOf(rowAt(number), number, patterns[at]!, extended))
  const none = patterns.filter(({ modrm }) => modrm.kind === 'none').length
  if (none !== 0 && none !== numbers.length)
    throw new Error(`rows disagree whether there is a ModRM byte behind ${rowAt(numbers[0]!).opcode}`)
  candidates.sort((a, b) => particularity(b) - particularity(a))
  if (none !== 0) return { candidates, modrm: 'none' }
  return { candidates, modrm: candidates.some(({ modrmMask }) => (modrmMask & 7) !== 0) ? 'whole' : 'group' }
}
