import { type CodeSize, createDecoded, type Decoded } from '@vmm/x86-decoder'
import { decode } from '../decoder.ts'
import type { HandlerTable, Shape } from '../handler-table.ts'
import { fillEscape, fillRecord } from '../shapes.ts'
import { inRecord, recordBytes } from '../state-layout.ts'
import { applyTail, type Tail } from './template.ts'

/** Bytes that follow a head, when it is tried whether a template says all of an instruction. */
const tried: readonly number[] = [0x00, 0x7f, 0x80, 0xff]

/** An instruction whose head a template is to be of. */
export interface Subject {
  readonly word: number
  readonly codeSize: CodeSize
  /** The instruction, and zeros behind it. */
  readonly bytes: Uint8Array
  readonly headBytes: number
}

/** What a template says of its head. */
interface Said {
  readonly shape: Shape
  readonly tail: Tail
  /** Without a handler. */
  readonly record: DataView
}

/** Instructions as the decoder and the reader of operands have them, which templates are held against. */
export class Trials {
  readonly #handlers: Pick<HandlerTable, 'described' | 'shape'>
  /** What was decoded last. */
  readonly decoded: Decoded = createDecoded()

  constructor(handlers: Pick<HandlerTable, 'described' | 'shape'>) {
    this.#handlers = handlers
  }

  /** Decodes it; undefined where its head does not say which handler it needs. */
  shapeOf({ bytes, codeSize, word }: Subject): Shape | undefined {
    if (decode(bytes, 0, bytes.length, codeSize, this.decoded) !== undefined) return undefined
    const instruction = this.#handlers.described(this.decoded)
    if (instruction === undefined || instruction.knows === 'immediate') return undefined
    const sample = () =>
      Array.from(bytes.subarray(0, this.decoded.length), (byte) => byte.toString(16).padStart(2, '0'))
    return this.#handlers.shape(this.decoded, word, () => sample().join(''), instruction)
  }

  /** Whether instructions of this head with other bytes behind it are what its template says. */
  holds(subject: Subject, said: Said): boolean {
    return tried.every((trial) => this.#holdsWith(subject, said, trial))
  }

  #holdsWith(subject: Subject, { shape, tail, record }: Said, trial: number): boolean {
    const { headBytes } = subject
    const bytes = subject.bytes.slice().fill(trial, headBytes)
    const other = { ...subject, bytes }
    if (this.shapeOf(other) !== shape || this.decoded.length !== tail.length) return false
    const expected = recordOf(this.decoded, bytes, shape)
    const found = new DataView(record.buffer.slice(0))
    // what does not fit is left to others
    if (!applyTail(tail, headBytes, new DataView(bytes.buffer), found)) return true
    return isSame(found, expected)
  }
}

/** The record of an instruction in a block of its own, without its handler. `bytes` begin with its own. */
export function recordOf(decoded: Decoded, bytes: Uint8Array, { isOfX87 }: Shape): DataView {
  const view = new DataView(new ArrayBuffer(recordBytes))
  view.setUint16(inRecord.next, decoded.length, true)
  fillRecord(view, 0, decoded, 0)
  if (isOfX87) fillEscape(view, 0, bytes.subarray(0, decoded.length))
  return view
}

const isSame = (one: DataView, other: DataView): boolean =>
  Array.from({ length: recordBytes }, (_, at) => at).every((at) => one.getUint8(at) === other.getUint8(at))
