import { type CodeSize, createDecoded, type Decoded, ripBase } from '@vmm/x86-decoder'
import { decode } from '../decoder.ts'
import type { HandlerTable, Shape } from '../handler-table.ts'
import { builtIn } from '../interpreter/run.ts'
import type { PassingMap } from '../memory-map.ts'
import { modeOfWord } from '../mode-word.ts'
import { fillEscape, fillRecord } from '../shapes.ts'
import { inRecord, recordBytes } from '../state-layout.ts'
import { headLength, headTable } from './heads.ts'
import { templatePlace } from './place.ts'
import { applyTail, inTemplate, type Tail, tailOf, templateBytes } from './template.ts'

const pageMask = 0xfff
/** A guest may have as many heads as prefixes can be put together; no program uses a tenth of this. */
export const knownAtMost = 8192
/** Bytes of an instruction. */
const longest = 15
/** Bytes that follow a head, when it is tried whether a template says all of an instruction. */
const trials: readonly number[] = [0x00, 0x7f, 0x80, 0xff]

interface Around {
  readonly map: PassingMap
  readonly bytes: Uint8Array
  readonly handlers: Pick<HandlerTable, 'described' | 'shape' | 'slot' | 'flush'>
}

interface Subject {
  readonly word: number
  readonly codeSize: CodeSize
  /** The instruction, and zeros behind it. */
  readonly bytes: Uint8Array
  readonly headBytes: number
}

/**
 * What emitted code needs to decode instructions that are run once: their records by their heads, each made when it is first asked for. What it
 * makes of an instruction is what a block would have of it.
 */
export class PassingCode {
  readonly #around: Around
  readonly #decoded: Decoded = createDecoded()
  /** Those that there were since all were last forgotten, by their first bytes: their places are others' too. */
  readonly #known = new Map<string, Uint8Array>()

  constructor(around: Around) {
    this.#around = around
    around.bytes.set(headTable(), around.map.heads)
  }

  /** How many heads are known. */
  get known(): number {
    return this.#known.size
  }

  /** Makes the template of the instruction at a host address, or notes that there is none. */
  learn(host: number, word: number): void {
    const { codeSize } = modeOfWord(word)
    const bytes = new Uint8Array(longest)
    const end = Math.min(host + longest, ((host | pageMask) >>> 0) + 1)
    bytes.set(this.#around.bytes.subarray(host, end))
    const headBytes = headLength(bytes, 0, codeSize)
    if (headBytes === 0) return
    const subject = { word, codeSize, bytes, headBytes }
    const key = `${word} ${bytes.subarray(0, headBytes)}`
    if (this.#known.size >= knownAtMost && !this.#known.has(key)) this.forget()
    const known = this.#known.get(key) ?? this.#make(subject)
    this.#known.set(key, known)
    this.#around.bytes.set(known, this.#placeOf(known))
  }

  /** Handlers have gone, or are others; or there were too many. */
  forget(): void {
    if (this.#known.size === 0) return
    for (const known of this.#known.values()) {
      const place = this.#placeOf(known)
      this.#around.bytes.fill(0, place, place + templateBytes)
    }
    this.#known.clear()
  }

  #placeOf(template: Uint8Array): number {
    const view = new DataView(template.buffer)
    return templatePlace(
      this.#around.map,
      view.getUint32(inTemplate.head, true),
      view.getUint32(inTemplate.head + 4, true),
    )
  }

  #make(subject: Subject): Uint8Array {
    const { word, bytes, headBytes } = subject
    const template = new Uint8Array(templateBytes)
    const view = new DataView(template.buffer)
    template.set(bytes.subarray(0, headBytes), inTemplate.head)
    view.setUint32(inTemplate.mode, word, true)
    const shape = this.#shapeOf(subject)
    const tail = shape && tailOf(this.#decoded, headBytes, this.#decoded.base === ripBase)
    if (tail === undefined) return template
    const record = this.#recordOf(subject, shape!)
    record.setUint16(inRecord.handler, this.#around.handlers.slot(shape!, false), true)
    this.#around.handlers.flush()
    if (!trials.every((trial) => this.#holds(subject, shape!, tail, record, trial))) return template
    template.set(new Uint8Array(record.buffer), inTemplate.record)
    view.setUint8(inTemplate.length, tail.length)
    view.setUint8(inTemplate.displacementBytes, tail.displacementBytes)
    view.setUint8(inTemplate.immediateBytes, tail.immediateBytes)
    view.setInt32(inTemplate.displacementFrom, tail.displacementFrom, true)
    view.setUint16(inTemplate.immediateFrom, tail.immediateFrom, true)
    view.setUint16(inTemplate.ending, shape!.ends ? builtIn.endOfBlock : builtIn.pass, true)
    view.setBigUint64(inTemplate.mask, tail.mask, true)
    return template
  }

  /** Decodes it; undefined where its head does not say which handler it needs. */
  #shapeOf({ bytes, codeSize, word }: Subject): Shape | undefined {
    if (decode(bytes, 0, bytes.length, codeSize, this.#decoded) !== undefined) return undefined
    const instruction = this.#around.handlers.described(this.#decoded)
    if (instruction === undefined || instruction.knows === 'immediate') return undefined
    const sample = () =>
      Array.from(bytes.subarray(0, this.#decoded.length), (byte) => byte.toString(16).padStart(2, '0'))
    return this.#around.handlers.shape(this.#decoded, word, () => sample().join(''), instruction)
  }

  /** The record of what was decoded last, without its handler. */
  #recordOf({ bytes }: Subject, { isOfX87 }: Shape): DataView {
    const view = new DataView(new ArrayBuffer(recordBytes))
    view.setUint16(inRecord.next, this.#decoded.length, true)
    fillRecord(view, 0, this.#decoded, 0)
    if (isOfX87) fillEscape(view, 0, bytes.subarray(0, this.#decoded.length))
    return view
  }

  /** Whether an instruction of this head with other bytes behind it is what its template says. */
  #holds(subject: Subject, shape: Shape, tail: Tail, record: DataView, trial: number): boolean {
    const { headBytes } = subject
    const bytes = subject.bytes.slice().fill(trial, headBytes)
    const other = { ...subject, bytes }
    if (this.#shapeOf(other) !== shape || this.#decoded.length !== tail.length) return false
    const expected = this.#recordOf(other, shape)
    expected.setUint16(inRecord.handler, record.getUint16(inRecord.handler, true), true)
    const found = new DataView(record.buffer.slice(0))
    // what does not fit is left to others
    if (!applyTail(tail, headBytes, new DataView(bytes.buffer), found)) return true
    return isSame(found, expected)
  }
}

const isSame = (one: DataView, other: DataView): boolean =>
  Array.from({ length: recordBytes }, (_, at) => at).every((at) => one.getUint8(at) === other.getUint8(at))
