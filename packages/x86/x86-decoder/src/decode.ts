import { type Candidate, maps, type Slot } from './candidates.ts'
import type { CodeSize, Decoded, DecodedOperand, DecodeFailure } from './decoded.ts'
import { noRegister } from './decoded.ts'
import { Reader } from './reader.ts'

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
    displacement: 0,
    displacementHigh: 0,
  }
}

/**
 * Decodes the instruction at `offset`, reading no byte from `end` on, into `out`. Gives undefined when it succeeded,
 * else why not; `out` is then in no particular state.
 */
export function decode(
  bytes: Uint8Array,
  offset: number,
  end: number,
  codeSize: CodeSize,
  out: Decoded,
): DecodeFailure | undefined {
  reader.start(bytes, offset, Math.min(end, offset + longest), codeSize)
  const slot = reader.opcode(maps())
  if (slot === undefined || (slot.modrm !== 'none' && !reader.takeModrm())) return failure(offset, end)
  const candidate = choose(slot)
  if (candidate === null || (!candidate.vvvv && reader.vexRegister !== 0)) return 'invalid'
  out.codeSize = codeSize
  out.row = candidate.row
  out.mnemonic = candidate.mnemonic
  out.operandSize = reader.operandSize(candidate)
  out.addressSize = reader.addressSize()
  out.lock = reader.lock
  out.rep = repOf(candidate)
  reader.noAddress(out)
  if (slot.modrm !== 'none' && reader.modrm < 0xc0 && !candidate.anyMod) reader.address(out)
  const exist = fill(candidate, out)
  if (reader.short) return failure(offset, end)
  if (!exist || (reader.lock && !(candidate.lock && reader.addressed))) return 'invalid'
  out.length = reader.at - offset
  return undefined
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
  if (candidate.l >= 0 && candidate.l !== reader.vexLength) return false
  if (candidate.noRexB && reader.rexB !== 0) return false
  if ((reader.modrm & candidate.modrmMask) !== candidate.modrmValue) return false
  return !candidate.memoryOnly || reader.modrm < 0xc0
}
