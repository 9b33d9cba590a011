import { createDecoded, type Decoded } from '@vmm/x86-decoder'
import type { BlockCache } from '../block-cache.ts'
import { decode } from '../decoder.ts'
import type { Shape } from '../handler-table.ts'
import { codeSizeOf } from '../mode-word.ts'
import { blockHeadBytes, inBlock, inRecord, recordBytes } from '../state-layout.ts'
import type { HotStep, Piece } from './graph.ts'

/** What is read of decoded blocks for regions, once each. */
export class Pieces {
  readonly #blocks: BlockCache
  readonly #view: DataView
  readonly #bytes: Uint8Array
  readonly #decoded: Decoded = createDecoded()
  /** By block: undefined where there is nothing for a region. */
  readonly #known = new Map<number, Piece | undefined>()

  constructor(blocks: BlockCache, buffer: SharedArrayBuffer) {
    this.#blocks = blocks
    this.#view = new DataView(buffer)
    this.#bytes = new Uint8Array(buffer)
  }

  /** The part of a decoded block that regions can have, up to what they leave alone; undefined if it is none of it. */
  of(block: number): Piece | undefined {
    if (!this.#known.has(block)) this.#known.set(block, this.#read(block))
    return this.#known.get(block)
  }

  forget(block: number): void {
    this.#known.delete(block)
  }

  forgetAll(): void {
    this.#known.clear()
  }

  #read(block: number): Piece | undefined {
    const count = this.#view.getUint32(block + inBlock.count, true)
    const host = this.#view.getUint32(block + inBlock.host, true)
    const mode = this.#view.getUint32(block + inBlock.mode, true)
    const steps: HotStep[] = []
    let end = 0
    for (let index = 0; index < count; index += 1) {
      const record = block + blockHeadBytes + index * recordBytes
      const offset = this.#view.getUint16(record + inRecord.offset, true)
      const shape = this.#shapeAt(host + offset, mode)
      if (shape?.inRegion === undefined) break
      steps.push({ shape, record, offset })
      end = this.#view.getUint16(record + inRecord.next, true)
      if (shape.inRegion.jumps) break
    }
    return steps.length === 0 ? undefined : this.#pieceOf(steps, end)
  }

  #pieceOf(steps: readonly HotStep[], end: number): Piece {
    const last = steps.at(-1)!
    const { jumps, jumpsAlways, stores } = last.shape.inRegion!
    const target = jumps ? this.#targetOf(last) : undefined
    const after = jumpsAlways && stores ? end : undefined
    const isReturn = last.shape.spec.instruction.mnemonic === 'RET'
    const leads = !jumpsAlways || target !== undefined ? 'known' : isReturn ? 'back' : 'anywhere'
    return { steps, next: jumpsAlways ? undefined : end, target, after, leads }
  }

  #shapeAt(host: number, mode: number): Shape | undefined {
    const failure = decode(this.#bytes, host, ((host | 0xfff) >>> 0) + 1, codeSizeOf(mode), this.#decoded)
    if (failure !== undefined) return undefined
    return this.#blocks.shapeOf(this.#decoded, mode, host, () => '')
  }

  /** Where a jump goes, by its block's first byte: that may be to itself. */
  #targetOf({ shape, record, offset }: HotStep): number | undefined {
    const { operands, mode } = shape.spec
    if (operands[0]?.kind !== 'relative') return mode.rep === 'none' ? undefined : offset
    return mode.operandSize === 16 ? undefined : Number(this.#view.getBigInt64(record + inRecord.immediate, true))
  }
}
