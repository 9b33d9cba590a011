import type { OpcodeRow } from '@vmm/x86-opcodes'
import { type Candidate, type Maps, mapsOf, type Slot } from './candidates.ts'
import { type CodeSize, type Decoded, type DecodedOperand, type DecodeFailure, noRegister, ripBase } from './decoded.ts'
import { evexAllowed, lengthFits, prepareAddress, roundingOf, vectorLengthOf } from './evex.ts'
import { widthOf } from './operands.ts'
import { Reader, suffixed } from './reader.ts'

const reader = new Reader()
const longest = 15

/** A record for `decode` to fill, again and again. */
export function createDecoded(): Decoded {
  const operand = (): DecodedOperand => ({
    kind: 'register',
    width: 0,
    file: 'gpr',
    index: 0,
    highByte: false,
    low: 0,
    high: 0,
    bytes: 0,
  })
  return {
    length: 0,
    row: 0,
    mnemonic: '',
    codeSize: 64,
    operandSize: 32,
    addressSize: 64,
    lock: false,
    rep: 'none',
    operands: [operand(), operand(), operand(), operand(), operand()],
    count: 0,
    segment: 3,
    segmentOverride: false,
    base: noRegister,
    index: noRegister,
    scale: 0,
    indexWidth: 0,
    displacement: 0,
    displacementHigh: 0,
    vectorLength: 0,
    mask: 0,
    zeroing: false,
    broadcast: false,
    rounding: 'none',
  }
}

/**
 * Decodes the instruction at `offset`, reading no byte from `end` on, into `out`. Gives undefined when it succeeded,
 * else why not; `out` is then in no particular state.
 */
export type Decode = (
  bytes: Uint8Array,
  offset: number,
  end: number,
  codeSize: CodeSize,
  out: Decoded,
) => DecodeFailure | undefined

/** A decoder of some rows. Bytes of the others are what they are to processors without them: #UD, or a NOP. */
export interface Decoder {
  readonly decode: Decode
  /**
   * Whether an opcode of a legacy map is followed by a ModRM byte; undefined where no row has it. Maps count 0 for one byte, 1 for 0F, 2 for
   * 0F 38 and 3 for 0F 3A. Source: SDM 2A §2.1.2.
   */
  readonly takesModrm: (map: 0 | 1 | 2 | 3, opcode: number) => boolean | undefined
}

/** A decoder of the rows that `knows` says yes to. It is made of them when it first decodes. */
export function createDecoder(knows: (row: OpcodeRow) => boolean): Decoder {
  let built: Maps | undefined
  const maps = (): Maps => {
    built ??= mapsOf(knows)
    return built
  }
  return {
    decode: (bytes, offset, end, codeSize, out) => decodeBy(built ?? maps(), bytes, offset, end, codeSize, out),
    takesModrm(map, opcode) {
      const slot = maps().slots[map]![opcode]
      return slot && slot.modrm !== 'none'
    },
  }
}

const everything = createDecoder(({ attributes }) => !attributes.includes('optional'))

/** Decodes one instruction by all rows but those that are optional. */
export const decode: Decode = everything.decode

/** Whether an opcode is followed by a ModRM byte, as `Decoder` says. */
export const takesModrm: Decoder['takesModrm'] = everything.takesModrm

function decodeBy(
  maps: Maps,
  bytes: Uint8Array,
  offset: number,
  end: number,
  codeSize: CodeSize,
  out: Decoded,
): DecodeFailure | undefined {
  reader.start(bytes, offset, Math.min(end, offset + longest), codeSize)
  const slot = slotOf(maps, out)
  if (slot === undefined) return failure(offset, end)
  const candidate = choose(slot)
  if (candidate === null) return 'invalid'
  out.codeSize = codeSize
  out.row = candidate.row
  out.mnemonic = candidate.mnemonic
  out.operandSize = reader.operandSize(candidate)
  out.lock = reader.lock
  out.rep = repOf(candidate)
  if (!vectorFields(candidate, out)) return 'invalid'
  if (candidate.address64 && codeSize === 64) out.addressSize = 64
  if (slot.modrm !== 'none' && reader.modrm < 0xc0 && !candidate.anyMod && !reader.addressed)
    reader.address(out, candidate.address === 'vector' ? widthOf(candidate.vectorIndex, out) : 0)
  const exist = fill(candidate, out)
  if (reader.short) return failure(offset, end)
  if (!exist || (reader.lock && !(candidate.lock && reader.addressed))) return 'invalid'
  if (candidate.careful && !isAllowed(candidate, out)) return 'invalid'
  out.length = reader.at - offset
  return undefined
}

/** Takes prefixes, opcode and ModRM; for 3DNow! the address, too, which is before its own byte. */
function slotOf(maps: Maps, out: Decoded): Slot | undefined {
  const slot = reader.opcode(maps)
  if (slot === undefined || (slot.modrm !== 'none' && !reader.takeModrm())) return undefined
  out.addressSize = reader.addressSize()
  reader.noAddress(out)
  if (slot !== suffixed) return slot
  if (reader.modrm < 0xc0) reader.address(out)
  return reader.suffixedSlot(maps)
}

/** What VEX, EVEX and XOP say beside operands. False: what this row does not know. */
function vectorFields(candidate: Candidate, out: Decoded): boolean {
  out.vectorLength = 0
  out.mask = 0
  out.zeroing = out.broadcast = false
  out.rounding = 'none'
  if (!reader.vex) return true
  // of EVEX.vvvv, the highest bit belongs to an index that is a vector
  const vvvv = candidate.address === 'vector' ? reader.vexRegister & 15 : reader.vexRegister
  if (!candidate.vvvv && vvvv !== 0) return false
  out.vectorLength = vectorLengthOf(reader, candidate)
  if (!reader.evex) return true
  if (!evexAllowed(reader, candidate)) return false
  out.mask = reader.mask
  out.zeroing = reader.zeroing
  out.rounding = roundingOf(reader, candidate)
  prepareAddress(reader, candidate, out)
  out.broadcast = reader.elementBits !== 0
  return true
}

/** Whether address and registers are such as the row takes. */
function isAllowed({ address, distinct }: Candidate, out: Decoded): boolean {
  if (address !== 'any' && reader.addressed) {
    if (out.addressSize === 16) return false
    if ((address === 'notRip' || address === 'sib') && out.base === ripBase) return false
  }
  return distinct === 'none' || areDistinct(out, distinct)
}

function areDistinct(out: Decoded, which: 'all' | 'first'): boolean {
  for (let at = 0; at < out.count; at += 1) {
    const one = out.operands[at]!
    if (one.kind !== 'register') continue
    if (out.indexWidth !== 0 && one.index === out.index) return false
    for (let other = at + 1; other < out.count; other += 1) {
      const another = out.operands[other]!
      if (another.kind === 'register' && another.index === one.index) return false
    }
    if (which === 'first') break
  }
  return true
}

/** Out of bytes: because the caller had no more, or because fifteen are the limit. */
function failure(offset: number, end: number): DecodeFailure {
  if (!reader.short) return 'invalid'
  return end - offset < longest ? 'truncated' : 'too-long'
}

/** Fills the operands. False if one of them does not exist. */
function fill({ fillers }: Candidate, out: Decoded): boolean {
  out.count = fillers.length
  let exist = true
  for (let at = 0; at < fillers.length; at += 1) {
    if (!fillers[at]!(reader, out, out.operands[at]!)) exist = false
  }
  return exist
}

function repOf(candidate: Candidate): Decoded['rep'] {
  if (candidate.rep === 'none' || reader.repeat === 0) return 'none'
  return candidate.rep === 'repz' && reader.repeat === 0xf2 ? 'repne' : 'rep'
}

/** The slot's row for these prefixes and this ModRM, found once and remembered. */
function choose(slot: Slot): Candidate | null {
  const selector = reader.selector()
  const remembered = slot.choices[selector]
  const choices = remembered ?? makeChoices(slot, selector)
  const { modrm } = reader
  const at = slot.modrm === 'none' ? 0 : slot.modrm === 'whole' ? modrm : ((modrm >> 3) & 7) | (modrm < 0xc0 ? 0 : 8)
  const choice = choices[at]
  if (choice !== undefined) return choice
  const found = slot.candidates.find(fits) ?? null
  choices[at] = found
  return found
}

function makeChoices(slot: Slot, selector: number): (Candidate | null | undefined)[] {
  const size = slot.modrm === 'none' ? 1 : slot.modrm === 'whole' ? 256 : 16
  const choices = new Array<undefined>(size).fill(undefined)
  while (slot.choices.length <= selector) slot.choices.push(undefined)
  slot.choices[selector] = choices
  return choices
}

function fits(candidate: Candidate): boolean {
  if (reader.codeSize === 64 ? candidate.not64 : candidate.only64) return false
  if (!reader.mandatoryIs(candidate.mandatory)) return false
  if (candidate.w >= 0 && candidate.w !== reader.rexW) return false
  if (reader.vex && !lengthFits(reader, candidate)) return false
  if (candidate.no66 && reader.operandPrefix) return false
  if (candidate.noRexB && reader.rexB !== 0) return false
  if ((reader.modrm & candidate.modrmMask) !== candidate.modrmValue) return false
  return !candidate.memoryOnly || reader.modrm < 0xc0
}
