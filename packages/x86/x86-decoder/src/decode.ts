import type { Candidate } from './candidates.ts'
import { maps } from './candidates.ts'
import type { CodeSize, Decoded, DecodedOperand, DecodeFailure } from './decoded.ts'
import { noRegister } from './decoded.ts'
import { fillOperands } from './operands.ts'
import { Reader } from './reader.ts'

const reader = new Reader()
const longest = 15

/** A record for `decode` to fill, again and again. */
export function createDecoded(): Decoded {
  const operand = (): DecodedOperand => ({ kind: 'register', width: 0, file: 'gpr', index: 0, highByte: false, low: 0, high: 0 })
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
export function decode(bytes: Uint8Array, offset: number, end: number, codeSize: CodeSize, out: Decoded): DecodeFailure | undefined {
  reader.start(bytes, offset, Math.min(end, offset + longest), codeSize)
  const list = reader.opcode(maps())
  if (list === undefined) return failure(offset, end)
  const candidate = choose(list)
  if (candidate === undefined) return reader.short ? failure(offset, end) : 'invalid'
  out.codeSize = codeSize
  out.row = candidate.row
  out.mnemonic = candidate.mnemonic
  out.operandSize = reader.operandSize(candidate)
  out.addressSize = reader.addressSize()
  out.lock = reader.lock
  out.rep = repOf(candidate)
  if (candidate.modrm) reader.address(out)
  else reader.noAddress(out)
  if (!fillOperands(reader, candidate, out)) return 'invalid'
  if (reader.short) return failure(offset, end)
  if (reader.lock && !(candidate.lock && out.operands[0]!.kind === 'memory')) return 'invalid'
  out.length = reader.at - offset
  return undefined
}

/** Out of bytes: because the caller had no more, or because fifteen are the limit. */
function failure(offset: number, end: number): DecodeFailure {
  if (!reader.short) return 'invalid'
  return end - offset < longest ? 'truncated' : 'too-long'
}

function repOf(candidate: Candidate): Decoded['rep'] {
  if (candidate.rep === 'none' || reader.repeat === 0) return 'none'
  return candidate.rep === 'repz' && reader.repeat === 0xf2 ? 'repne' : 'rep'
}

function choose(list: readonly Candidate[]): Candidate | undefined {
  const first = list[0]
  if (first === undefined) return undefined
  if (list.some((candidate) => candidate.modrm) && !reader.peekModrm()) {
    return list.find((candidate) => !candidate.modrm && fits(candidate))
  }
  for (const candidate of list) if (fits(candidate)) return candidate
  return undefined
}

function fits(candidate: Candidate): boolean {
  if (candidate.vex !== reader.vex) return false
  if (reader.codeSize === 64 ? candidate.not64 : candidate.only64) return false
  if (!reader.mandatoryIs(candidate.mandatory)) return false
  if (!candidate.modrm) return candidate.mnemonic !== 'PAUSE' || reader.rexB === 0
  if (candidate.exact >= 0) return reader.modrm === candidate.exact
  if (candidate.digit >= 0 && ((reader.modrm >> 3) & 7) !== candidate.digit) return false
  return candidate.form === 'any' || (candidate.form === 'memory') === reader.modrm < 0xc0
}
