import { ByteWriter } from '@vmm/wasm-encoder'
import { inRecord, linkInRecord, recordBytes } from '../state-layout.ts'
import type { HotBlock, HotStep, Order } from './graph.ts'
import { Pages } from './pages.ts'
import type { Payment } from './payments.ts'
import type { Premised } from './premises.ts'

/** What a region is made of. */
export interface RegionParts extends Premised {
  readonly order: Order
  /** By node. */
  readonly payments: readonly Payment[]
  readonly memoryBase: number
  readonly threads: boolean
  /** Linear memory, for what decoding left in records. */
  readonly view: DataView
  /** So often it is entered at a block before another one is asked for; undefined if it stays. */
  readonly runsAtMost: number | undefined
}

const leads = ['known', 'back', 'anywhere'] as const

/**
 * All that a region's function depends on before its holes are filled, in bytes: two regions of the same bytes have the same function.
 * Wherever its blocks and their pages lie, it is the same.
 */
export function descriptionOf(parts: RegionParts): Uint8Array {
  const out = new ByteWriter()
  const { order, payments, flat, steady, memoryBase, threads, runsAtMost } = parts
  for (const number of [memoryBase, Number(threads), (runsAtMost ?? -1) + 1]) out.unsigned(number)
  list(out, [...flat], (segment) => out.byte(segment))
  list(out, [...steady], ([field, value]) => {
    out.name(field)
    out.signed64(value)
  })
  const pages = new Pages()
  list(out, order.choices, (node) => out.unsigned(node))
  list(out, order.blocks, (block, node) => {
    out.byte(block === undefined ? 0 : 1)
    if (block === undefined) return
    out.unsigned(pages.numberOf(block))
    writePayment(out, payments[node]!)
    writeWays(out, block)
    list(out, block.steps, (step) => writeStep(out, step, { address: block.address, view: parts.view }))
  })
  return out.view().slice()
}

function list<T>(out: ByteWriter, items: readonly T[], write: (item: T, at: number) => void): void {
  out.unsigned(items.length)
  items.forEach(write)
}

function writePayment(out: ByteWriter, { now, ahead, follower }: Payment): void {
  for (const number of [now, ahead, (follower ?? -1) + 1]) out.unsigned(number)
}

function writeWays(out: ByteWriter, { offset, next, target, guesses, leads: to }: HotBlock): void {
  out.unsigned(leads.indexOf(to))
  list(out, [offset, next, target, ...guesses], (way) => {
    out.byte(way === undefined ? 0 : 1)
    if (way !== undefined) out.signed64(BigInt(way))
  })
}

/** Of its record all but what it is run by, and where it led to last. */
function writeStep(
  out: ByteWriter,
  { shape, record, offset }: HotStep,
  { address, view }: { readonly address: number; readonly view: DataView },
): void {
  out.name(shape.name)
  out.unsigned(record - address)
  out.unsigned(offset)
  const fields = new Uint8Array(view.buffer, record, recordBytes).slice()
  fields.fill(0, inRecord.handler, inRecord.segment)
  if (shape.spec.operands[0]?.kind === 'relative') {
    fields.fill(0, linkInRecord.jump, linkInRecord.jump + 4)
    fields.fill(0, linkInRecord.next, linkInRecord.next + 4)
  }
  out.bytes(fields)
}
