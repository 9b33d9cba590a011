import type { Decoded } from '@vmm/x86-decoder'
import type { HandlerTable, Shape } from '../handler-table.ts'
import { builtIn } from '../interpreter/run.ts'
import { type PassingMap, templateEntries } from '../memory-map.ts'
import { codeSizeOf } from '../mode-word.ts'
import { inRecord, recordBytes } from '../state-layout.ts'
import { type Head, headAt, headTable } from './heads.ts'
import { templatePlace } from './place.ts'
import { inTemplate, type Tail, tailKey, tailOf, templateBytes } from './template.ts'
import { recordOf, type Subject, Trials } from './trials.ts'

const pageMask = 0xfff
/** A guest may have as many heads as prefixes can be put together; no program uses as many as this. */
export const knownAtMost: number = templateEntries / 2
/** Bytes of an instruction. */
const longest = 15
/** The largest number of a shape. */
const shapesAtMost = 0xffff

interface Around {
  readonly map: PassingMap
  readonly bytes: Uint8Array
  readonly handlers: Pick<HandlerTable, 'described' | 'shape' | 'slot' | 'flush'>
}

/** A shape in templates: its number, from 1 on, and the ways that bytes behind heads of it are known to be read. */
interface Numbered {
  readonly number: number
  readonly held: Set<number>
}

/** An instruction at a host address that was decoded: its record in a block is at another one. */
export interface DecodedAt {
  readonly host: number
  readonly word: number
  readonly record: number
}

/**
 * What emitted code needs to decode instructions: their records by their heads, each made when it is first met. What it makes of an instruction
 * is what the decoder and the reader of operands would.
 */
export class Templates {
  readonly #around: Around
  readonly #view: DataView
  readonly #trials: Trials
  readonly #shapes: Shape[] = []
  readonly #numbers = new Map<Shape, Numbered>()
  /** Of each place whether a head of it was met. */
  readonly #met = new Uint8Array(templateEntries)
  #known = 0

  constructor(around: Around) {
    this.#around = around
    this.#view = new DataView(around.bytes.buffer)
    this.#trials = new Trials(around.handlers)
    around.bytes.set(headTable(), around.map.heads)
  }

  /** How many heads are known. */
  get known(): number {
    return this.#known
  }

  /** The shape of that number. */
  shape(number: number): Shape {
    return this.#shapes[number - 1]!
  }

  /** Makes the template of the instruction at a host address, which is to be run without a block, or notes that there is none. */
  learn(host: number, word: number): void {
    const head = headAt(this.#around.bytes, host, codeSizeOf(word))
    if (head === undefined) return
    const subject = this.#subjectAt(host, word, head)
    const shape = this.#trials.shapeOf(subject)
    const { decoded } = this.#trials
    const tail = shape && tailOf(decoded, head.bytes)
    const place = this.#begin(head, word)
    if (tail === undefined) return
    const record = recordOf(decoded, subject.bytes, shape!)
    const slot = this.#around.handlers.slot(shape!, false)
    this.#around.handlers.flush()
    if (!this.#holds(subject, shape!, tail, record)) return
    this.#around.bytes.set(new Uint8Array(record.buffer), place + inTemplate.record)
    this.#view.setUint16(place + inTemplate.record + inRecord.handler, slot, true)
    this.#view.setUint8(place + inTemplate.passes, 1)
    this.#write(place, shape!, tail)
  }

  /** Makes the template of an instruction that was decoded for a block, the second time. Another head's place stays that one's. */
  note(decoded: Decoded, shape: Shape, { host, word, record }: DecodedAt): void {
    const head = headAt(this.#around.bytes, host, codeSizeOf(word))
    if (head === undefined || head.bytes > decoded.length) return
    const free = this.#placeOf(head, word)
    if (this.#view.getUint32(free + inTemplate.mode, true) !== 0 || !this.#isMetAgain(free)) return
    const isWhole = shape.spec.liveBytes === 0 && shape.spec.instruction.knows !== 'immediate'
    const tail = isWhole ? tailOf(decoded, head.bytes) : undefined
    const place = this.#begin(head, word)
    if (tail === undefined || !this.#isHeld(decoded, shape, tail, { host, word, head })) return
    const copy = place + inTemplate.record
    this.#around.bytes.copyWithin(copy, record, record + recordBytes)
    this.#view.setUint8(copy + inRecord.index, 0)
    this.#view.setUint16(copy + inRecord.offset, 0, true)
    this.#view.setUint16(copy + inRecord.next, tail.length, true)
    this.#write(place, shape, tail)
  }

  /** Handlers have gone, or are others; or there were too many. */
  forget(): void {
    if (this.#known === 0) return
    const { templates } = this.#around.map
    this.#around.bytes.fill(0, templates, templates + templateEntries * templateBytes)
    this.#known = 0
    this.#shapes.length = 0
    this.#numbers.clear()
  }

  #subjectAt(host: number, word: number, { bytes: headBytes }: Head): Subject {
    const bytes = new Uint8Array(longest)
    const end = Math.min(host + longest, ((host | pageMask) >>> 0) + 1)
    bytes.set(this.#around.bytes.subarray(host, end))
    return { word, codeSize: codeSizeOf(word), bytes, headBytes }
  }

  /** Half of all heads are never met again. */
  #isMetAgain(place: number): boolean {
    const number = (place - this.#around.map.templates) / templateBytes
    const again = this.#met[number] === 1
    this.#met[number] = 1
    return again
  }

  #placeOf({ low, high }: Head, word: number): number {
    return templatePlace(this.#around.map, low, high, word)
  }

  /** A template of nothing but its head: it says that there is none. Gives its place. */
  #begin(head: Head, word: number): number {
    if (this.#known >= knownAtMost) this.forget()
    const place = this.#placeOf(head, word)
    const view = this.#view
    if (view.getUint32(place + inTemplate.mode, true) === 0) this.#known += 1
    this.#around.bytes.fill(0, place, place + templateBytes)
    view.setUint32(place + inTemplate.head, head.low, true)
    view.setUint32(place + inTemplate.head + 4, head.high, true)
    view.setUint32(place + inTemplate.mode, word, true)
    return place
  }

  #write(place: number, shape: Shape, tail: Tail): void {
    const view = this.#view
    view.setUint8(place + inTemplate.length, tail.length)
    view.setUint8(place + inTemplate.displacementBytes, tail.displacementBytes)
    view.setUint8(place + inTemplate.immediateBytes, tail.immediateBytes)
    view.setUint8(place + inTemplate.ends, shape.ends ? 1 : 0)
    view.setUint8(place + inTemplate.displacementFrom, tail.displacementFrom)
    view.setUint8(place + inTemplate.immediateFrom, tail.immediateFrom)
    view.setUint16(place + inTemplate.shape, this.#numbered(shape).number, true)
    view.setUint16(place + inTemplate.ending, shape.ends ? builtIn.endOfBlock : builtIn.pass, true)
    view.setUint32(place + inTemplate.mask, tail.maskLow, true)
    view.setUint32(place + inTemplate.mask + 4, tail.maskHigh, true)
  }

  /** Its number is 0 where there are too many. */
  #numbered(shape: Shape): Numbered {
    const known = this.#numbers.get(shape)
    if (known !== undefined) return known
    const isOne = this.#shapes.length < shapesAtMost
    if (isOne) this.#shapes.push(shape)
    const numbered = { number: isOne ? this.#shapes.length : 0, held: new Set<number>() }
    this.#numbers.set(shape, numbered)
    return numbered
  }

  #isHeld(
    decoded: Decoded,
    shape: Shape,
    tail: Tail,
    { host, word, head }: { readonly host: number; readonly word: number; readonly head: Head },
  ): boolean {
    if (this.#numbered(shape).held.has(tailKey(tail))) return true
    const subject = this.#subjectAt(host, word, head)
    return this.#holds(subject, shape, tail, recordOf(decoded, subject.bytes, shape))
  }

  /** Whether a template says all: if it does of one head, it does of all of that shape with as much behind them. */
  #holds(subject: Subject, shape: Shape, tail: Tail, record: DataView): boolean {
    const { held } = this.#numbered(shape)
    const key = tailKey(tail)
    if (held.has(key)) return true
    const holds = this.#trials.holds(subject, { shape, tail, record })
    if (holds) held.add(key)
    return holds
  }
}
