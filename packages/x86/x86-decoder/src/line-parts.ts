import { createDecoded } from './decode.ts'
import { type Decoded, noRegister, ripBase } from './decoded.ts'
import { headText, registersText, sizeText, targetWidth } from './format.ts'
import { flagFields, put, recordSize, recordWords, registerFiles, unpack, widthCodes } from './record.ts'
import { registerName } from './register-names.ts'
import { textOfRow } from './row-text.ts'

/**
 * A form of lines is all of a line but registers, addresses and numbers. So many words, these: four that tell it from others, `traits`, what of an immediate counts, and
 * two texts with their lengths: mnemonic with what is before and behind it, and the size of memory.
 */
export const formStride = 32
export const formCount = 1 << 12
export const formWords = { traits: 4, mask: 5, head: 6, size: 7, headText: 8, sizeText: 16 } as const
const [headBytes, sizeBytes] = [32, 16]

/** Traits of a form: how many operands there are in the lowest two bits. */
export const traits = {
  count: 3,
  /** No form: something that is rare is in it. */
  odd: 4,
  /** Its immediate has 64 bits. */
  wide: 8,
  /** Branches go to an address of so many bits, else of 64. */
  target16: 16,
  target32: 32,
} as const

/** An address has a word that tells it from others; the length of its text, its kind from bit 8 and the code of its size from bit 10 on; and its text. */
export const addressStride = 8
export const addressCount = 1 << 11
const addressBytes = 24

/** What the number of an address is: added to registers, alone, or counted from the end of the instruction. */
export const addressOfKind = { sum: 0, absolute: 1, rip: 2 } as const

/** A register has seven bytes of text, and their number in the last. */
export const registerStride = 2

const decoded = createDecoded()

/** Fills the form of a record, from `traits` on. */
export function fillForm(forms: Int32Array, form: number, records: Int32Array, number: number): void {
  unpack(records, number, decoded)
  const text = textOfRow(decoded.row)
  const head = headText(decoded, text) + (decoded.count === 0 ? '' : ' ')
  const memory = decoded.operands.slice(0, decoded.count).find(({ kind }) => kind === 'memory')
  const size = memory === undefined ? '' : sizeText(text, memory)
  const flags = records[number * recordSize + recordWords.flags]!
  if (isOdd(decoded) || (flags & longAddress) !== 0 || head.length > headBytes || size.length > sizeBytes) {
    forms[form + formWords.traits] = traits.odd
    return
  }
  forms[form + formWords.traits] = traitsOf(decoded)
  forms[form + formWords.mask] = maskOf(decoded)
  forms[form + formWords.head] = head.length
  forms[form + formWords.size] = size.length
  putText(forms, form + formWords.headText, head)
  putText(forms, form + formWords.sizeText, size)
}

const inUse = ({ operands, count }: Decoded) => operands.slice(0, count)

const longAddress = put(flagFields.wideDisplacement, 1)

/** What EVEX says beside operands, more than three operands, and numbers that are not where numbers are. */
function isOdd(one: Decoded): boolean {
  const { count, mask, rounding, broadcast } = one
  if (count > 3 || mask !== 0 || rounding !== 'none' || broadcast) return true
  const values = inUse(one).filter(({ kind, bytes }) => kind === 'far' || (kind === 'immediate' && bytes !== 0))
  return values.length > 1 || values.some(({ kind }) => kind === 'far')
}

function traitsOf(one: Decoded): number {
  const width = targetWidth(one)
  const isWide = inUse(one).some((operand) => operand.kind === 'immediate' && operand.width === 64)
  return one.count | (isWide ? traits.wide : 0) | (width === 16 ? traits.target16 : width === 32 ? traits.target32 : 0)
}

function maskOf(one: Decoded): number {
  const value = inUse(one).find(({ kind, bytes }) => kind === 'immediate' && bytes !== 0)
  return value === undefined || value.width >= 32 ? -1 : (1 << value.width) - 1
}

/** Fills the address of a record but for the word that tells it from others. */
export function fillAddress(addresses: Int32Array, place: number, records: Int32Array, number: number): void {
  unpack(records, number, decoded)
  const { base, index, addressSize } = decoded
  const text = registersText(decoded)
  if (text.length > addressBytes) throw new Error(`an address is longer than ${addressBytes} characters: ${text}`)
  const { sum, absolute, rip } = addressOfKind
  const kind = base === noRegister && index === noRegister ? absolute : base === ripBase ? rip : sum
  addresses[place + 1] = text.length | (kind << 8) | ((addressSize >> 5) << 10)
  putText(addresses, place + 2, text)
}

/** Fills a register by the word of an operand. */
export function fillRegister(registers: Int32Array, place: number, word: number): void {
  const file = registerFiles[(word >> 13) & 15]!
  const name = registerName({
    file,
    index: word & 31,
    highByte: (word & 32) !== 0,
    width: widthCodes[(word >> 17) & 15]!,
  })
  putText(registers, place, name)
  registers[place + 1]! |= name.length << 24
}

/** Puts a text's characters side by side, the first in the lowest byte. */
function putText(words: Int32Array, place: number, text: string): void {
  for (let at = 0; at < text.length; at += 4) {
    const [one = 0, two = 0, three = 0, four = 0] = [...text.slice(at, at + 4)].map((letter) => letter.charCodeAt(0))
    words[place + (at >> 2)] = one | (two << 8) | (three << 16) | (four << 24)
  }
}
