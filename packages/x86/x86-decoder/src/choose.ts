import type { Candidate, Maps, Slot } from './candidates.ts'
import { fastLayout } from './fast-layout.ts'
import { formOf, formSize, formWords, mandatoryIs, rounds, type Surroundings } from './forms.ts'
import { lengthShift, stateBits } from './prefixes.ts'

/** The form of nothing: no row fits. Forms count from 2; 0 is one that nobody has asked for yet. */
export const noForm = 1

/** What decoders remember: each choice that was ever made. */
export interface Choices {
  /** Where the choices of an opcode are in `forms` by its number (256) and what else they depend on; 0: nowhere yet. */
  readonly places: Int32Array
  /** Numbers of forms. */
  readonly forms: Uint16Array
  /** Entries of `forms` in use. */
  used: number
  /** Words of forms; see `formWords`. */
  readonly words: Int32Array
  readonly candidates: (Candidate | undefined)[]
  /** Which forms there are of a row, by its number. */
  readonly ofRows: Map<number, number[]>
}

/** What is in use before anything is chosen: the choices of what has no place, and the forms of nothing. */
const [firstUsed, firstCandidates] = [256, [undefined, undefined]] as const

/** Nothing chosen yet, in a memory as `fastLayout` has it. */
export function noChoices(memory: ArrayBuffer): Choices {
  const { places, forms, words, steps } = fastLayout
  return {
    places: new Int32Array(memory, places, (forms - places) >> 2),
    forms: new Uint16Array(memory, forms, (words - forms) >> 1),
    used: firstUsed,
    words: new Int32Array(memory, words, (steps - words) >> 2),
    candidates: [...firstCandidates],
    ofRows: new Map(),
  }
}

/** Forgets every choice: there is room again. */
function forget(choices: Choices): void {
  choices.places.fill(0)
  choices.forms.fill(0, 0, choices.used)
  choices.used = firstUsed
  choices.candidates.length = firstCandidates.length
  choices.ofRows.clear()
}

/** Whether there is room for the choices of one opcode more, and for one form more. */
function hasRoom({ used, forms, candidates, words }: Choices): boolean {
  return used + 256 <= forms.length && (candidates.length + 1) * formSize <= words.length
}

/**
 * Which of an opcode's choices ModRM makes, by how much of it counts (nothing, mod = 3 and reg, all: 256 each) and ModRM. Empty until there is a
 * decoder.
 */
export const choiceOfModrm = new Uint8Array(768)

/** Fills that table. */
export function prepareChoices(): void {
  for (let modrm = 0; modrm < 0x100; modrm += 1) {
    choiceOfModrm[0x100 | modrm] = ((modrm >> 3) & 7) | (modrm < 0xc0 ? 0 : 8)
    choiceOfModrm[0x200 | modrm] = modrm
  }
}

/** Makes a choice that nobody has made, and those of other ModRM bytes that are the same: the number of the form. */
export function choose({ slots, choices }: Maps, entry: number, around: Surroundings): number {
  const slot = slots[(entry >> 8) & 0xfffff]!
  const { state, codeSize, modrm } = around
  const place = (entry & 0xfff_ff00) | (codeSize << 6) | (state & stateBits.chosenBy)
  if (!hasRoom(choices)) forget(choices)
  if (choices.places[place] === 0) makeRoom(choices, slot, place, state)
  const form = chosen(choices, slot, around)
  const at = choices.places[place]!
  const decisive = decisiveBits(slot, modrm)
  const [first, end] = modrm < 0xc0 ? [0, 0xc0] : [0xc0, 0x100]
  for (let other = first; other < end; other += modrmSteps[slot.modrm])
    if (((other ^ modrm) & decisive) === 0) choices.forms[at + choiceOfModrm[((entry >>> 28) << 8) | other]!] = form
  return form
}

/** How far ModRM bytes are apart that choose differently. */
const modrmSteps = { none: 64, group: 8, whole: 1 } as const

/** The bits of ModRM that tell rows apart, among bytes that name memory as this does, or a register. */
function decisiveBits({ candidates }: Slot, modrm: number): number {
  let bits = 0
  for (const { modrmMask, modrmValue } of candidates)
    if ((modrmMask & 0xc0) === 0 || modrmValue >= 0xc0 === modrm >= 0xc0) bits |= modrmMask
  return bits
}

/** REX.B chooses nothing but in rows that go without, so that both choices are one. */
function makeRoom(choices: Choices, { candidates, modrm }: Slot, place: number, state: number): void {
  const at = choices.used
  choices.used += modrm === 'whole' ? 256 : 16
  choices.places[place] = at
  if ((state & stateBits.vector) === 0 && !candidates.some(({ noRexB }) => noRexB))
    choices.places[place ^ stateBits.rexB] = at
}

function chosen(choices: Choices, { candidates }: Slot, around: Surroundings): number {
  const candidate = candidates.find((one) => fits(one, around))
  return candidate === undefined ? noForm : numberOf(choices, candidate, formOf(candidate, around))
}

/** The number of a form: its own if there is none yet that says the same. */
function numberOf(choices: Choices, candidate: Candidate, words: readonly number[]): number {
  let forms = choices.ofRows.get(candidate.row)
  if (forms === undefined) {
    forms = []
    choices.ofRows.set(candidate.row, forms)
  }
  for (const form of forms) if (isSame(choices.words, form, words)) return form
  const number = choices.candidates.length
  choices.candidates.push(candidate)
  choices.words.set(words, number * formSize + formWords.row)
  forms.push(number)
  return number
}

/** Whether a form has these words. Those of one row are equally many. */
function isSame(all: Int32Array, form: number, words: readonly number[]): boolean {
  const from = form * formSize + formWords.row
  for (let at = 0; at < words.length; at += 1) if (all[from + at] !== words[at]) return false
  return true
}

function fits(candidate: Candidate, { codeSize, state, modrm }: Surroundings): boolean {
  if (codeSize === 2 ? candidate.not64 : candidate.only64) return false
  if (!mandatoryIs(candidate.mandatory, state)) return false
  if (candidate.w >= 0 && candidate.w !== ((state & stateBits.w) === 0 ? 0 : 1)) return false
  const isVector = (state & stateBits.vector) !== 0
  if (candidate.nd >= 0 ? !extensionFits(candidate, state) : isVector && !lengthFits(candidate, state, modrm))
    return false
  if (candidate.no66 && !isVector && (state & stateBits.operandSize) !== 0) return false
  if (candidate.noRexB && !isVector && (state & stateBits.rexB) !== 0) return false
  if ((modrm & candidate.modrmMask) !== candidate.modrmValue) return false
  return !candidate.memoryOnly || modrm < 0xc0
}

/** Whether a row has vectors of the length that the prefix says: where there is rounding, that is 512 bits. */
function lengthFits({ l, ignoresLength, wide }: Candidate, state: number, modrm: number): boolean {
  const length = rounds(state, modrm) ? 2 : (state >> lengthShift) & 3
  return length < 3 && (ignoresLength || l < 0 || l === length) && !(wide && length === 0)
}

/** Whether ND and NF of EVEX map 4 are such as a row has them. */
function extensionFits({ nd, nf, conditional }: Candidate, state: number): boolean {
  if (nd !== ((state & stateBits.evexB) === 0 ? 0 : 1)) return false
  if (conditional || nf === 'any') return true
  return (nf === 'set') === ((state & stateBits.nf) !== 0)
}
