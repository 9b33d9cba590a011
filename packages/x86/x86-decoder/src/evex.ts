import type { Candidate } from './candidates.ts'
import type { Decoded, Rounding } from './decoded.ts'
import type { Reader } from './reader.ts'

/** EVEX.L'L where it rounds. Source: SDM 2A Table 2-42. */
const roundings: readonly Rounding[] = ['nearest', 'down', 'up', 'zero']

/** EVEX.b of instructions with registers alone. */
const rounds = (reader: Reader): boolean => reader.evexB && reader.modrm >= 0xc0

/** Whether a row has vectors of the length that the prefix says: where there is rounding, that is 512 bits. */
export function lengthFits(reader: Reader, { l, ignoresLength, wide }: Candidate): boolean {
  const length = rounds(reader) ? 2 : reader.vexLength
  return length < 3 && (ignoresLength || l < 0 || l === length) && !(wide && length === 0)
}

/** Bits of vectors; one element is in a register of 128. */
export function vectorLengthOf(reader: Reader, { ignoresLength }: Candidate): 128 | 256 | 512 {
  if (ignoresLength) return 128
  return rounds(reader) ? 512 : ((128 << reader.vexLength) as 128 | 256 | 512)
}

/** What EVEX says of rounding. */
export function roundingOf(reader: Reader, { rounding }: Candidate): Rounding {
  if (!rounds(reader) || rounding === 'ignored') return 'none'
  return rounding === 'er' ? roundings[reader.vexLength]! : 'sae'
}

/** Whether a row knows of what EVEX says of masks, broadcasts and rounding. Source: SDM 2A §2.7.11. */
export function evexAllowed(reader: Reader, { mask, broadcastBytes, rounding, writesRm }: Candidate): boolean {
  const inMemory = reader.modrm < 0xc0
  if (reader.evexB && (inMemory ? broadcastBytes === 0 : rounding === 'none')) return false
  if (reader.mask === 0 ? mask === 'needed' || reader.zeroing : mask === 'none') return false
  return !reader.zeroing || (mask === 'zero' && !(writesRm && inMemory))
}

/** Gets ready for an address of EVEX: what its 8-bit displacement counts, and what is broadcast. Source: SDM 2A §2.7.5. */
export function prepareAddress(reader: Reader, candidate: Candidate, { operandSize }: Decoded): void {
  const { broadcastBytes, displacementBytes } = candidate
  if (reader.evexB && reader.modrm < 0xc0) reader.elementBits = broadcastBytes * 8
  const bytes = reader.elementBits === 0 ? displacementBytes[reader.vexLength as 0 | 1 | 2] : broadcastBytes
  reader.displacementUnit = bytes === 0 ? (operandSize === 64 ? 8 : 4) : bytes
}
