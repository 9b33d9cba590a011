import { checkRecord } from './checks.ts'
import { createDecoded } from './decode.ts'
import { type Decoded, type DecodedOperand, noRegister, ripBase } from './decoded.ts'
import {
  absoluteText,
  broadcastText,
  displacementText,
  format,
  headText,
  maskText,
  placeText,
  registersText,
  roundingText,
  sizeText,
  targetWidth,
  valueText,
} from './format.ts'
import * as record from './record.ts'
import { registerName } from './register-names.ts'
import { type RowText, textOfRow } from './row-text.ts'

// constants of this module are constants in compiled code
const { recordSize } = record
const { length, row, flags, address, displacement, low, high, operands } = record.recordWords

/** What numbers an instruction has: of an address, added to registers or alone; and a value or a distance. */
type AddressNumber = 'none' | 'sum' | 'absolute' | 'rip'
type Value = 'none' | 'immediate' | 'relative'

/** The text of an instruction without its numbers, of which there are two at most. */
interface Template {
  readonly address: AddressNumber
  readonly value: Value
  /** Bits of the address, and of the value. */
  readonly addressSize: 16 | 32 | 64
  readonly width: number
  /** Before the address' number, between the two, and behind. */
  readonly before: string
  readonly between: string
  readonly behind: string
}

/** A template in the making: numbers come in this order, or there is none. */
class Draft {
  readonly texts: [string, string, string] = ['', '', '']
  at = 0
  address: AddressNumber = 'none'
  value: Value = 'none'
  width = 0
  fits = true

  add(text: string): void {
    this.texts[this.at]! += text
  }

  goTo(at: number): void {
    if (this.at >= at) this.fits = false
    this.at = at
  }
}

function templateOf(decoded: Decoded): Template | undefined {
  const draft = new Draft()
  const text = textOfRow(decoded.row)
  draft.add(headText(decoded, text))
  for (let at = 0; at < decoded.count; at += 1) {
    draft.add(at === 0 ? ' ' : ', ')
    addOperand(draft, decoded, text, decoded.operands[at]!)
    if (at === 0 && decoded.mask !== 0) draft.add(maskText(decoded))
  }
  if (decoded.rounding !== 'none') draft.add(roundingText(decoded.rounding))
  const { fits, address, value, width, texts } = draft
  const [before, between, behind] = texts
  return fits ? { address, value, addressSize: decoded.addressSize, width, before, between, behind } : undefined
}

function addOperand(draft: Draft, decoded: Decoded, text: RowText, operand: DecodedOperand): void {
  switch (operand.kind) {
    case 'register':
      draft.add(registerName(operand))
      break
    case 'memory':
      addMemory(draft, decoded, text, operand)
      break
    case 'immediate':
      // what the opcode implies is text
      if (operand.bytes === 0) draft.add(valueText(operand.low, operand.high, operand.width))
      else addValue(draft, 'immediate', operand.width)
      break
    case 'relative':
      addValue(draft, 'relative', targetWidth(decoded))
      break
    case 'far':
      draft.fits = false
      break
    default:
      operand.kind satisfies never
  }
}

function addMemory(draft: Draft, decoded: Decoded, text: RowText, operand: DecodedOperand): void {
  const { base, index } = decoded
  const isAbsolute = base === noRegister && index === noRegister
  draft.address = isAbsolute ? 'absolute' : base === ripBase ? 'rip' : 'sum'
  draft.add(sizeText(text, operand) + registersText(decoded))
  draft.goTo(1)
  draft.add(']')
  if (decoded.broadcast) draft.add(broadcastText(decoded, text, operand))
}

function addValue(draft: Draft, value: Value, width: number): void {
  draft.value = value
  draft.width = width
  draft.goTo(2)
}

/** Templates that were needed lately: so many, by what they depend on. */
const remembered = 1 << 12
const keyWords = 8
let memory: { readonly keys: Int32Array; readonly templates: (Template | undefined)[] } | undefined

const decoded = createDecoded()

/**
 * The text of record number `number` as `format` gives it, of bytes that are no instruction `(bad)`. Most of it is remembered: the faster way to write many
 * instructions that `decodeMany` found.
 */
export function formatRecord(records: Int32Array, number: number, ripAt?: bigint): string {
  checkRecord(records, number)
  const at = number * recordSize
  if (records[at + row]! < 0) return '(bad)'
  const template = templateAt(records, at)
  if (template === undefined || (template.address === 'rip' && ripAt !== undefined)) {
    record.unpack(records, at / recordSize, decoded)
    return format(decoded, ripAt)
  }
  let text = template.before
  if (template.address !== 'none') {
    const distance = records[at + displacement]!
    if (template.address === 'absolute') text += absoluteOf(distance, template)
    else if (distance !== 0) text += displacementText(distance)
    text += template.between
  }
  if (template.value === 'none') return text
  const value = records[at + low]!
  if (template.value === 'relative') text += placeText(records[at + length]! + value, template.width, ripAt)
  else text += valueText(value, records[at + high]!, template.width)
  return template.behind === '' ? text : text + template.behind
}

const absoluteOf = (distance: number, { addressSize }: Template): string =>
  absoluteText({ displacement: distance, displacementHigh: distance >> 31, addressSize })

/** What does not fit in a template: a second number, an address of 64 bits, more than three operands. */
const odd = record.put(record.flagFields.wideDisplacement, 1) | record.put(record.flagFields.count, 4)
const secondNumber = record.put(record.operandFields.high, 1) | record.put(record.operandFields.kind, 7)
const isSecond = record.put(record.operandFields.high, 1) | record.put(record.operandFields.kind, 2)
const kindField = record.put(record.operandFields.kind, 7)
const far = record.put(record.operandFields.kind, 4)

/** Whether there is a number that is not where numbers are. */
function isOdd(records: Int32Array, at: number): boolean {
  if ((records[at + flags]! & odd) !== 0) return true
  for (let operand = at + operands; operand < at + operands + 3; operand += 1)
    if ((records[operand]! & secondNumber) === isSecond || (records[operand]! & kindField) === far) return true
  return false
}

function templateAt(records: Int32Array, at: number): Template | undefined {
  const flag = records[at + flags]!
  if ((flag & odd) !== 0) return undefined
  memory ??= { keys: new Int32Array(remembered * keyWords), templates: new Array(remembered).fill(undefined) }
  const { keys, templates } = memory
  const number = records[at + row]! + 1
  const registers = records[at + address]!
  const first = records[at + operands]!
  const second = records[at + operands + 1]!
  const third = records[at + operands + 2]!
  let hash = Math.imul(number ^ Math.imul(registers, 0x9e3779b1), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 15) ^ first, 0xc2b2ae35)
  hash = Math.imul(hash ^ (hash >>> 13) ^ second ^ (third << 9) ^ (flag << 18), 0x27d4eb2f)
  const place = hash >>> 20
  const key = place * keyWords
  if (
    keys[key] !== number ||
    keys[key + 1] !== registers ||
    keys[key + 2] !== first ||
    keys[key + 3] !== second ||
    keys[key + 4] !== third ||
    keys[key + 5] !== flag
  ) {
    keys.set([number, registers, first, second, third, flag], key)
    record.unpack(records, at / recordSize, decoded)
    templates[place] = isOdd(records, at) ? undefined : templateOf(decoded)
  }
  return templates[place]
}
