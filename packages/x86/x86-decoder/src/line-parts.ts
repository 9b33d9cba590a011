import { createDecoded } from './decode.ts'
import { type Decoded, noRegister, ripBase } from './decoded.ts'
import { headText, registersText, sizeText, targetWidth } from './format.ts'
import { addressOfKind, formWords, traits } from './line-layout.ts'
import { flagFields, put, recordSize, recordWords, registerFiles, unpack, widthCodes } from './record.ts'
import { registerName } from './register-names.ts'
import { textOfRow } from './row-text.ts'

const [headBytes, sizeBytes, addressBytes] = [32, 16, 24]

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
