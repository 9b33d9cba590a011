import { textAt } from '../text.ts'

/** A table of the words that names are made of, as a kernel has it: 256 strings, and behind them where each begins. */
export interface TokenTable {
  /** Where the strings begin. */
  readonly at: number
  /** Behind the index. */
  readonly end: number
  readonly tokens: readonly string[]
}

const tokens = 256
const indexBytes = tokens * 2
const longestToken = 512
const [firstPrintable, lastPrintable] = [0x21, 0x7e]

/** Every such table, in the order of their places: there is hardly one that is no kernel's. Tables begin on words. */
export function* findTokenTables(memory: Uint8Array): Generator<TokenTable> {
  const words = new Int32Array(memory.buffer, memory.byteOffset, memory.byteLength >>> 2)
  for (let word = 0; word * 4 + indexBytes <= memory.length; word += 1) {
    // two indices at a time: the first one is zero, the second is not
    const pair = words[word]!
    if (pair > 0 && (pair & 0xffff) === 0 && pair >>> 16 < longestToken) {
      const table = tableBefore(memory, word * 4)
      if (table !== undefined) yield table
    }
  }
}

function tableBefore(memory: Uint8Array, indexAt: number): TokenTable | undefined {
  const index = new Uint16Array(memory.buffer, memory.byteOffset + indexAt, tokens)
  for (let token = 1; token < tokens; token += 1) {
    const length = index[token]! - index[token - 1]!
    if (length < 1 || length > longestToken) return undefined
  }
  const last = index[tokens - 1]!
  // the last string is somewhat long, and padding follows
  for (let at = (indexAt - last - 1) & ~3; at >= Math.max(0, indexAt - last - longestToken); at -= 4) {
    const end = endOfLast(memory, at + last)
    if (end > indexAt || indexAt - end >= 8) continue
    if (memory.subarray(end, indexAt).some((byte) => byte !== 0)) continue
    const found = stringsAt(memory, at, index)
    if (found !== undefined) return { at, end: indexAt + indexBytes, tokens: found }
  }
  return undefined
}

function endOfLast(memory: Uint8Array, from: number): number {
  const end = memory.indexOf(0, from)
  return end < 0 ? memory.length : end + 1
}

/** The strings, if each of them ends where the next one begins, and all are printable. */
function stringsAt(memory: Uint8Array, at: number, index: Uint16Array): readonly string[] | undefined {
  const found: string[] = []
  for (let token = 0; token < tokens; token += 1) {
    const text = textAt(memory, at + index[token]!)
    const next = index[token + 1] ?? index[token]! + text.length + 1
    if (text.length + 1 !== next - index[token]! || !isPrintable(text)) return undefined
    found.push(text)
  }
  return found
}

function isPrintable(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code < firstPrintable || code > lastPrintable) return false
  }
  return true
}
