import type { Maps } from './candidates.ts'
import * as codeWindow from './code-window.ts'
import { fail } from './fast.ts'
import { decodePacked } from './packed.ts'
import { isCut } from './rare.ts'
import { recordSize, recordWords } from './record.ts'

// constants of this module are constants in compiled code
const { code, windowSize } = codeWindow
const longest = 15

/** `decodeMany` without WebAssembly, with the code size as decoding counts them. */
export function decodeSeveral(
  maps: Maps,
  bytes: Uint8Array,
  offset: number,
  end: number,
  codeSize: number,
  records: Int32Array,
): number {
  const words = records.length - (records.length % recordSize)
  let at = 0
  // each window begins where the last instruction of the one before ended
  for (let from = offset; from < end && at < words; ) {
    const size = Math.min(windowSize, end - from)
    code.set(bytes.subarray(from, from + size))
    const stop = from + size === end ? size : size - longest
    const begun = at
    let place = 0
    for (; place < stop && at < words; at += recordSize) {
      const next = decodePacked(maps, place, Math.min(size, place + longest), codeSize, records, at)
      if (next === isCut && size - place < longest) return at / recordSize
      if (next < 0) fail(records, at, next)
      records[at + recordWords.offset] = from + place
      place = next < 0 ? place + 1 : next
    }
    from += place
    if (at === begun) break
  }
  return at / recordSize
}
