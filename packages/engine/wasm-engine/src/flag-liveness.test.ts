import { createDecoded, decode } from '@vmm/x86-decoder'
import { describe, expect, test } from 'vitest'
import { deadFlags } from './flag-liveness.ts'
import { HandlerTable } from './handler-table.ts'
import { longMode } from './mode-loops.ts'

const handlers = new HandlerTable(0, 1024)

/** Whose flags nobody reads, of 64-bit instructions that follow each other. */
function dead(...code: readonly (readonly number[])[]): readonly boolean[] {
  const decoded = createDecoded()
  const shapes = code.map((bytes) => {
    expect(decode(Uint8Array.from(bytes), 0, bytes.length, 64, decoded)).toBeUndefined()
    return handlers.shape(decoded, longMode, () => '')!
  })
  return deadFlags(shapes)
}

const [add, inc, adc, lahf, move] = [[0x01, 0xc8], [0xff, 0xc3], [0x11, 0xca], [0x9f], [0x8b, 0x06]]

describe('flags that an instruction writes', () => {
  test('are needed at the end of a block, and where an instruction may fault', () => {
    expect(dead(add)).toEqual([false])
    expect(dead(add, move, add)).toEqual([false, false, false])
  })

  test('are not needed where they are written again', () => {
    expect(dead(add, add, add)).toEqual([true, true, false])
    expect(dead(add, lahf, add)).toEqual([false, false, false])
  })

  test('are needed for INC to leave CF alone, unless its own are not', () => {
    expect(dead(add, inc)).toEqual([false, false])
    expect(dead(add, inc, add)).toEqual([true, true, false])
    expect(dead(add, inc, adc)).toEqual([false, false, false])
    expect(dead(add, adc, add)).toEqual([false, true, false])
  })
})
