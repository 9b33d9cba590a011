import * as addressing from './addresses.ts'
import { lookAt, type Maps } from './candidates.ts'
import type { Choices } from './choose.ts'
import * as choosing from './choose.ts'
import * as codeWindow from './code-window.ts'
import * as forms from './forms.ts'
import * as prefixes from './prefixes.ts'
import { fillHighBytes, finish, isCut, isInvalid, rare } from './rare.ts'
import { recordWords } from './record.ts'
import { introduce, introduced, rexRegisters as registersOfRex } from './vector-prefix.ts'

// constants of this module are constants in compiled code; of what is imported, each use would ask anew what it is
const { code, codeView } = codeWindow
const { addresses, scaledAddresses, sibFollows, lengthShift, ofRecord } = addressing
const { choiceOfModrm, noForm } = choosing
const { kept, added } = prefixes
const { b, x, rex, chosenBy, lock, segment, vector, rex2 } = prefixes.stateBits
const { formSize, templateShift } = forms
const { noAddress, bytes: byteRegisters, rare: rareTraits } = forms.traits
const {
  row: formRow,
  flags: formFlags,
  traits: formTraits,
  bytes: formBytes,
  mask,
  sign,
  operands: templates,
} = forms.formWords
const { length, row, flags, address: addressWord, displacement, low, high, operands } = recordWords
const rexRegisters = registersOfRex
const addressKinds = Int32Array.from(addressing.addressKinds)

/** What takes the long way: of prefixes, LOCK, segments, REX2 and all behind VEX, EVEX and XOP. */
const rareStates = lock | segment | vector | rex2

/**
 * Decodes what is in the code window from `start` on into the record at `at`, which lacks `offset`. Gives where the instruction ends, or `isInvalid`, or `isCut` if it
 * goes beyond `limit`. Nothing is asked but what must be: most of an instruction comes out of tables without a branch.
 */
export function decodePacked(
  maps: Maps,
  start: number,
  limit: number,
  codeSize: number,
  records: Int32Array,
  at: number,
): number {
  let state = 0
  let position = start
  let byte = code[position++]!
  for (let keeps = kept[(codeSize << 8) | byte]!; keeps !== 0; keeps = kept[(codeSize << 8) | byte]!) {
    state = (state & keeps) | added[(codeSize << 8) | byte]!
    byte = code[position++]!
    if (position > limit) return isCut
  }
  let registers = rexRegisters[(state >> 8) & 7]!
  let place = byte
  if (byte === 0x0f) {
    byte = code[position++]!
    place = 0x100 | byte
  }
  let entry = maps.entries[place]!
  const addressKind = addressKinds[(codeSize << 1) | ((state >> 12) & 1)]!
  if (entry < 0) {
    const behind = byte === 0x38 || byte === 0x3a || byte === 0x0f ? 1 : 0
    entry = introduce(maps, position - behind, codeSize, state, addressKind)
    ;({ state, registers, place, opcode: byte, at: position } = introduced)
  }
  if (entry === 0) {
    // the first time that anybody comes here
    if (maps.looked[place] === 0 && lookAt(maps, place) !== 0)
      return decodePacked(maps, start, limit, codeSize, records, at)
    return position > limit ? isCut : isInvalid
  }
  const kind = entry >>> 28
  // where there is no ModRM byte it names a register: no address
  const modrm = code[position]! | (((kind - 1) >> 31) & 0xff)
  position += (kind + 1) >> 1
  if (position > limit) return isCut
  const chosen = (entry & 0xfff_ff00) | (codeSize << 6) | (state & chosenBy)
  const { choices } = maps
  let form = choices.forms[choices.places[chosen]! + choiceOfModrm[(kind << 8) | modrm]!]!
  if (form <= noForm) {
    if (form === 0) form = choosing.choose(maps, entry, { codeSize, state, modrm })
    if (form === noForm) return isInvalid
  }
  registers |= ((modrm & 0x38) << 2) | ((modrm & 7) << 10) | ((byte & 7) << 20)
  rare.addressKind = addressKind
  rare.codeSize = codeSize
  return fill(choices, form, state, modrm, registers, start, position, limit, records, at)
}

/** Fills the record of a form, of which a ModRM byte before `modrmEnd` is the last that was taken. */
function fill(
  choices: Choices,
  form: number,
  state: number,
  modrm: number,
  registers: number,
  start: number,
  modrmEnd: number,
  limit: number,
  records: Int32Array,
  at: number,
): number {
  const { words } = choices
  const from = form * formSize
  const trait = words[from + formTraits]!
  records[at + row] = words[from + formRow]!
  records[at + flags] = words[from + formFlags]!
  fillOperands(words, from + templates, registers, records, at + operands)
  if ((trait & byteRegisters) !== 0 && (state & rex) === 0) fillHighBytes(records, at + operands)
  const addressFrom = rare.addressKind | (state & b) | modrm | (trait & noAddress)
  const addressEnd = fillAddress(addressFrom, state, modrmEnd, records, at)
  const position = fillNumber(words, from, addressEnd, records, at)
  if ((state & rareStates) !== 0 || (trait & rareTraits) !== 0) {
    rare.form = form
    rare.state = state
    rare.modrm = modrm
    rare.registers = registers
    rare.addressAt = modrmEnd
    rare.position = position
    return finish(choices, start, limit, records, at)
  }
  if (position > limit) return isCut
  records[at + length] = position - start
  return position
}

/** Three operands, whether or not there are so many: the templates of the others say nothing. */
function fillOperands(words: Int32Array, from: number, registers: number, records: Int32Array, at: number): void {
  const first = words[from]!
  const second = words[from + 1]!
  const third = words[from + 2]!
  records[at] = (first >> templateShift) | ((registers >>> (first & 31)) & (first >> 5) & 31)
  records[at + 1] = (second >> templateShift) | ((registers >>> (second & 31)) & (second >> 5) & 31)
  records[at + 2] = (third >> templateShift) | ((registers >>> (third & 31)) & (third >> 5) & 31)
}

/** The address, of a place in `addresses`; gives the position behind it. */
function fillAddress(from: number, state: number, position: number, records: Int32Array, at: number): number {
  let next = position
  let address = addresses[from]!
  if ((address & sibFollows) !== 0) {
    const sib = code[next++]! | (state & (x | b)) | ((from & 0xc0) << 4)
    address |= scaledAddresses[sib]!
  }
  const bytes = address >>> lengthShift
  records[at + addressWord] = address & ofRecord
  records[at + displacement] = signed(next, bytes) & (-bytes >> 31)
  return next + bytes
}

/** The immediate or the distance; gives the position behind it. */
function fillNumber(words: Int32Array, from: number, position: number, records: Int32Array, at: number): number {
  const bytes = words[from + formBytes]!
  const value = signed(position, bytes) & words[from + mask]!
  records[at + low] = value
  records[at + high] = (value >> 31) & words[from + sign]!
  return position + bytes
}

/** So many bytes, 1, 2 or 4, as a signed number. */
function signed(position: number, bytes: number): number {
  const shift = (-bytes << 3) & 31
  return (codeView.getInt32(position, true) << shift) >> shift
}
