import { type CodeSize, createDecoded, type Decoded, decode as decodeAny } from '@vmm/x86-decoder'
import { instructions } from '@vmm/x86-semantics'
import { decode } from './decoder.ts'
import { deadFlags } from './flag-liveness.ts'
import type { HandlerTable, Shape } from './handler-table.ts'
import { builtIn } from './interpreter/run.ts'
import type { Entry, LinkedInterpreter } from './linked-interpreter.ts'
import type { LiveImmediates, Range } from './live-immediates.ts'
import { awaiting, codeSizeOf, resumes } from './mode-word.ts'
import type { Templates } from './passing/templates.ts'
import { clearLinks, fillEscape, fillRecord, mustBeginBlock } from './shapes.ts'
import { blockHeadBytes, inBlock, inRecord, longestBlock, recordBytes } from './state-layout.ts'
import { invalidRows, isInstruction, isNoTarget, noEndbranch, tooLong } from './undecodable.ts'

/** Which code becomes a block: the bytes from `host` up to `end`, in a mode, at most so many instructions. */
export interface CodeOfBlock {
  readonly host: number
  readonly end: number
  readonly word: number
  readonly limit: number
  /** Flags that are overwritten may go uncomputed. */
  readonly liveness: boolean
}

/** A block that is being written: what its instructions are, and how many bytes they have. */
interface Begun {
  readonly block: number
  readonly code: CodeOfBlock
  readonly codeSize: CodeSize
  readonly shapes: Shape[]
  offset: number
}

const ud2 = Uint8Array.of(0x0f, 0x0b)

const recordAt = (block: number, index: number): number => block + blockHeadBytes + index * recordBytes

/** Writes decoded blocks into linear memory. */
export class BlockWriter {
  #view: DataView
  #bytes: Uint8Array
  readonly #entry: Pick<Entry, 'draft'>
  readonly #handlers: HandlerTable
  /** What is counted by handler is left in single handlers. */
  readonly #pairs: boolean
  readonly #live: LiveImmediates
  readonly #decoded: Decoded = createDecoded()
  #decodedAt = 0
  /** The bytes of what was decoded last. */
  readonly #sample = (): string => hexOf(this.#bytes.subarray(this.#decodedAt, this.#decodedAt + this.#decoded.length))
  /** What emitted code decodes by, where it does. */
  templates: Templates | undefined
  /** Immediates that the block written last reads where they lie. */
  liveRanges: Range[] = []
  /** The last instruction of the block written last ends it by itself. */
  lastEnds = false
  /** Mnemonics of instructions that were met and that are not executed: they were #UD. */
  readonly undescribed = new Set<string>()

  constructor(
    buffer: SharedArrayBuffer,
    { entry, handlers, loops }: Pick<LinkedInterpreter, 'entry' | 'handlers' | 'loops'>,
    live: LiveImmediates,
  ) {
    this.#view = new DataView(buffer)
    this.#bytes = new Uint8Array(buffer)
    this.#entry = entry
    this.#handlers = handlers
    this.#pairs = loops.counts !== 'handlers'
    this.#live = live
  }

  /** Linear memory has grown: blocks of one instruction are written behind its old end, too. */
  reach(buffer: SharedArrayBuffer): void {
    this.#view = new DataView(buffer)
    this.#bytes = new Uint8Array(buffer)
  }

  /** Writes a block at `block`. Gives the bytes it covers, 0 if there is not even one instruction. */
  write(block: number, code: CodeOfBlock): number {
    const begun: Begun = { block, code, codeSize: codeSizeOf(code.word), shapes: [], offset: 0 }
    const { shapes } = begun
    this.liveRanges = []
    const isWhole = code.limit === longestBlock && code.liveness
    const templates = isWhole ? this.templates : undefined
    while (shapes.length < code.limit) {
      if (templates !== undefined && !this.#live.areThere) {
        this.#draft(begun, templates)
        if (shapes.length === code.limit || shapes.at(-1)?.ends === true) break
      }
      if (!this.#writeNext(begun, templates) || shapes.at(-1)!.ends) break
    }
    if (shapes.length === 0) return 0
    this.#chooseHandlers(block, shapes, code.liveness)
    this.lastEnds = shapes.at(-1)!.ends
    this.#writeEnd(begun)
    this.#writeHead(begun)
    this.#handlers.flush()
    return begun.offset
  }

  /** Emitted code goes on with a block as far as it knows heads. */
  #draft(begun: Begun, templates: Templates): void {
    const { block, code, shapes, offset } = begun
    const from = shapes.length
    const count = this.#entry.draft(code.host, code.word, block, from, offset)
    if (count === from) return
    for (let index = from; index < count; index += 1)
      shapes.push(templates.shape(this.#view.getUint16(recordAt(block, index) + inRecord.handler, true)))
    begun.offset = this.#view.getUint16(recordAt(block, count - 1) + inRecord.next, true)
  }

  /** Decodes the next instruction of a block; its head is known from then on. False if there is none. */
  #writeNext(begun: Begun, templates: Templates | undefined): boolean {
    const { block, code, codeSize, shapes, offset } = begun
    const { end, word } = code
    const host = code.host + offset
    const failure = decode(this.#bytes, host, end, codeSize, this.#decoded)
    if (failure === 'truncated') return false
    if (failure === 'invalid') this.#noteUndescribed(host, end, codeSize)
    if (failure !== undefined) this.#asInvalid(failure, codeSize)
    if (mustBeginBlock(this.#decoded, offset)) return false
    const shape = this.#shapeOf(word, host)
    const record = recordAt(block, shapes.length)
    this.#writeRecord(record, shape, begun)
    if (shape.spec.liveBytes !== 0) this.#noteLive(record, host)
    if (isInstruction(this.#decoded)) templates?.note(this.#decoded, shape, { host, word, record })
    shapes.push(shape)
    begun.offset += this.#decoded.length
    return true
  }

  /** Bytes that are no instruction are UD2 to everyone after this; an instruction that is too long is #GP(0). */
  #asInvalid(failure: 'invalid' | 'too-long', codeSize: CodeSize): void {
    decode(ud2, 0, ud2.length, codeSize, this.#decoded)
    if (failure === 'too-long') this.#decoded.mnemonic = tooLong.mnemonic
    this.#decoded.row = invalidRows[failure]
    this.#decoded.length = 1
  }

  #shapeOf(word: number, at: number): Shape {
    this.#decodedAt = at
    const bytes = this.#sample
    const awaits = (word & awaiting) !== 0
    if (awaits && isNoTarget(this.#decoded)) return this.#handlers.shape(this.#decoded, word, bytes, noEndbranch)!
    if (this.#decoded.mnemonic === tooLong.mnemonic) return this.#handlers.shape(this.#decoded, word, bytes, tooLong)!
    const shape = this.shapeOf(this.#decoded, word, at, bytes)
    if (shape !== undefined) return shape
    this.undescribed.add(this.#decoded.mnemonic)
    this.#asInvalid('invalid', codeSizeOf(word))
    return this.#handlers.shape(this.#decoded, word, bytes, instructions.get('UD2'))!
  }

  /** The shape of an instruction that was decoded at a host address, if it is described. */
  shapeOf(decoded: Decoded, word: number, host: number, bytes: () => string): Shape | undefined {
    const instruction = this.#handlers.described(decoded)
    const live = this.#live.isLive(host) ? this.#live.rangeOf(host, decoded, instruction) : undefined
    return this.#handlers.shape(decoded, word, bytes, instruction, live === undefined ? 0 : live.to - live.from)
  }

  #noteLive(record: number, host: number): void {
    const range = this.#live.rangeOf(host, this.#decoded, this.#handlers.described(this.#decoded))!
    this.#view.setUint32(record + inRecord.immediate, range.from, true)
    this.liveRanges.push(range)
  }

  #noteUndescribed(host: number, end: number, codeSize: CodeSize): void {
    if (decodeAny(this.#bytes, host, end, codeSize, this.#decoded) === undefined)
      this.undescribed.add(this.#decoded.mnemonic)
  }

  #writeRecord(record: number, { isOfX87 }: Shape, { code, shapes, offset }: Begun): void {
    const at = code.host + offset
    this.#view.setUint8(record + inRecord.index, shapes.length)
    this.#view.setUint16(record + inRecord.offset, offset, true)
    this.#view.setUint16(record + inRecord.next, offset + this.#decoded.length, true)
    fillRecord(this.#view, record, this.#decoded, offset)
    if (isOfX87) fillEscape(this.#view, record, this.#bytes.subarray(at, at + this.#decoded.length))
  }

  /** The record behind the last instruction's. */
  #writeEnd({ block, code, shapes, offset }: Begun): void {
    const record = recordAt(block, shapes.length)
    const handler = (code.word & resumes) === 0 ? builtIn.endOfBlock : builtIn.resumed
    this.#view.setUint16(record + inRecord.handler, handler, true)
    this.#view.setUint8(record + inRecord.index, shapes.length)
    this.#view.setUint16(record + inRecord.offset, offset, true)
    clearLinks(this.#view, record)
  }

  #writeHead({ block, code, shapes }: Begun): void {
    const view = this.#view
    view.setUint32(block + inBlock.count, shapes.length, true)
    view.setUint32(block + inBlock.vain, 0, true)
    view.setUint32(block + inBlock.host, code.host, true)
    view.setUint32(block + inBlock.mode, code.word, true)
    view.setUint32(block + inBlock.runs, 0, true)
    view.setUint32(block + inBlock.region, 0, true)
  }

  /** From the last instruction back: flags are dead if they are written again before anything can see them. */
  #chooseHandlers(block: number, shapes: readonly Shape[], liveness: boolean): void {
    const unseen = liveness ? deadFlags(shapes) : []
    let paired = false
    for (let index = shapes.length - 1; index >= 0; index -= 1) {
      const shape = shapes[index]!
      const dead = unseen[index] === true
      const next = shapes[index + 1]
      const mayPair: boolean = this.#pairs && liveness && !dead && !paired
      const pair: number | undefined = mayPair && next !== undefined ? this.#handlers.pair(shape, next) : undefined
      paired = pair !== undefined
      const slot = pair ?? this.#handlers.slot(shape, dead)
      this.#view.setUint16(recordAt(block, index) + inRecord.handler, slot, true)
    }
  }
}

const hexOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
