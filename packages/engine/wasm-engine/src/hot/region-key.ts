import { ByteWriter } from '@vmm/wasm-encoder'
import { blockHeadBytes, inBlock, inRecord, recordBytes } from '../state-layout.ts'
import type { HotBlock } from './graph.ts'
import type { Grown } from './growth.ts'
import type { Premised } from './premises.ts'

/** What a region rests on beside its code. */
export interface Resting extends Premised {
  readonly runsAtMost: number | undefined
}

/** Linear memory. */
interface Memory {
  readonly view: DataView
  readonly bytes: Uint8Array
}

/**
 * All that the function of a region follows from, but for where its blocks lie, to which it is linked: its instructions and how they were
 * decoded, how its blocks lie as seen from each other, which of them share a page, and what it rests on. Undefined where it reads
 * immediates from where they lie: those are in no key.
 */
export function keyOf({ blocks, entries }: Grown, resting: Resting, memory: Memory): Uint8Array | undefined {
  if (blocks.some(({ steps }) => steps.some(({ shape }) => shape.spec.liveBytes !== 0))) return undefined
  const out = new ByteWriter()
  out.unsigned(memory.view.getUint32(blocks[0]!.address + inBlock.mode, true))
  writeResting(out, resting)
  out.unsigned(entries.length)
  for (const entry of entries) out.signed32(entry)
  const pages = new Map<string, number>()
  for (const block of blocks) writeBlock(out, block, pageOf(pages, block), memory)
  return out.view().slice()
}

function writeResting(out: ByteWriter, { flat, steady, runsAtMost = 0 }: Resting): void {
  out.unsigned(runsAtMost)
  out.unsigned(flat.size)
  for (const segment of flat) out.byte(segment)
  out.unsigned(steady.size)
  for (const [field, value] of steady) {
    out.name(field)
    out.signed64(value)
  }
}

/** Blocks share one if going from one to the other goes so far in memory. */
function pageOf(pages: Map<string, number>, { host, offset }: HotBlock): number {
  const page = `${host >>> 12} ${host - offset}`
  const number = pages.get(page) ?? pages.size
  pages.set(page, number)
  return number
}

function writeBlock(out: ByteWriter, block: HotBlock, page: number, { view, bytes }: Memory): void {
  const { address, host, offset, steps } = block
  const last = address + blockHeadBytes + (steps.length - 1) * recordBytes
  const length = view.getUint16(last + inRecord.next, true)
  out.signed32(offset)
  out.unsigned(page)
  out.unsigned(steps.length)
  out.unsigned(length)
  out.bytes(bytes, host, host + length)
}
