import { createDecoded, decode } from '@vmm/x86-decoder'
import { instructions } from '@vmm/x86-semantics'
import { expect, test } from 'vitest'
import { HandlerTable } from './handler-table.ts'
import { modeWord } from './mode-word.ts'

const firstSlot = 10
const slots = 1000
const word = modeWord({ execution: 'long', codeSize: 64, stackSize: 64, user: true })

/** PSHUFD with each of its 256 immediates is a shape of its own. */
function fill(table: HandlerTable, count: number): number[] {
  const decoded = createDecoded()
  return Array.from({ length: count }, (_, index) => {
    const bytes = Uint8Array.of(...(index >= 256 ? [0xf3] : [0x66]), 0x0f, 0x70, 0xc0, index & 0xff)
    expect(decode(bytes, 0, bytes.length, 64, decoded)).toBeUndefined()
    return table.slot(table.shape(decoded, word, () => '', instructions.get(decoded.mnemonic))!, false)
  })
}

test('a shape keeps its slot as long as there is room', () => {
  const table = new HandlerTable(firstSlot, slots)
  const before = fill(table, 300)
  expect(table.makeRoom()).toBe(false)
  expect(fill(table, 300)).toEqual(before)
  expect(new Set(before).size).toBe(300)
})

test('a table that is nearly full drops its handlers and gives their slots out again', () => {
  const table = new HandlerTable(firstSlot, slots)
  fill(table, 500)
  expect(table.makeRoom()).toBe(true)
  expect([...table.shapes]).toEqual([])
  expect(fill(table, 1)).toEqual([firstSlot])
})
