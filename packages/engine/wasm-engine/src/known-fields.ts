import type { FieldBeside } from '@vmm/x86-registers'
import { at, inKnownField, knownFieldBytes, knownFields } from './state-layout.ts'
import type { StateView } from './state-view.ts'

/** Of a field's encoding: bits that may be set, of all that are known. Source: SDM 3C 25.11.2, Table 25-21. */
export const fieldBits = { index: 0x7f, type: 0xc00, width: 0x6000 } as const
/** How far type and width are moved to be next to the index. */
export const fieldShifts = { type: 3, width: 4 } as const
/** Kinds by bytes, and the bit of those that may be written. */
export const fieldKinds = { 2: 1, 4: 2, 8: 3, mask: 3, writable: 4 } as const

const numberOf = (encoding: number): number =>
  (encoding & fieldBits.index) |
  ((encoding & fieldBits.type) >> fieldShifts.type) |
  ((encoding & fieldBits.width) >> fieldShifts.width)

/** Fields that VMREAD and VMWRITE in root operation find in linear memory. */
export class KnownFields {
  readonly #state: StateView

  constructor(state: StateView) {
    this.#state = state
  }

  /** These fields alone are known, until `forget`. Encodings with bits that no other field has are left out. */
  keep(fields: readonly FieldBeside[]): void {
    const state = this.#state
    for (let number = 0; number < knownFields; number += 1) state.setWord(placeOf(number), 0)
    const every = fieldBits.index | fieldBits.type | fieldBits.width
    for (const { encoding, offset, bytes, writable, marks, looked } of fields) {
      if ((encoding & ~every) !== 0) continue
      const place = placeOf(numberOf(encoding))
      const kind = fieldKinds[bytes] | (writable ? fieldKinds.writable : 0)
      state.setWord(place + inKnownField.offset, offset | (kind << 16))
      state.setWord(place + inKnownField.marks, marks)
      state.setLong(place + inKnownField.looked, looked)
    }
    this.again()
  }

  /** What was kept is good again. */
  again(): void {
    this.#state.setWord(at.fieldsKnown, 1)
  }

  /** None is known: there is no VMCS, or its fields are others. */
  forget(): void {
    this.#state.setWord(at.fieldsKnown, 0)
  }

  /** What writes have left since the last look. */
  takeMarks(): number {
    const marks = this.#state.word(at.fieldMarks)
    if (marks !== 0) this.#state.setWord(at.fieldMarks, 0)
    return marks
  }
}

const placeOf = (number: number): number => at.knownFields + number * knownFieldBytes
