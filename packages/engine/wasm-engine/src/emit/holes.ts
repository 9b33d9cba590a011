import { control, type FunctionBody } from '@vmm/wasm-encoder'

/** Where an i32 constant begins in the code whose value is told later, by number. */
export interface Hole {
  readonly at: number
  readonly number: number
}

/** A function before its holes are filled. */
export interface Emitted extends FunctionBody {
  readonly holes: readonly Hole[]
}

/** An i32 is at most five bytes of LEB128: here all of them are there, whatever it is. */
const bytesOfHole = 5

/** A constant with room for any i32. */
export const emptyHole: readonly number[] = [control['i32.const'], 0x80, 0x80, 0x80, 0x80, 0]

/** The function with values in its holes, by number. It may be filled again with others. */
export function filled({ locals, hints, code, holes }: Emitted, values: readonly number[]): FunctionBody {
  const bytes = code.slice()
  for (const { at, number } of holes) {
    const value = values[number]
    if (value === undefined) throw new Error(`there is no value for hole ${number} of a function`)
    for (let byte = 0; byte < bytesOfHole; byte += 1) {
      const isLast = byte === bytesOfHole - 1
      // of the last one only four bits count, and those above are its sign's
      const bits = (value >> (7 * byte)) & 0x7f
      bytes[at + 1 + byte] = isLast ? bits : bits | 0x80
    }
  }
  return { locals, code: bytes, ...(hints && { hints }) }
}
