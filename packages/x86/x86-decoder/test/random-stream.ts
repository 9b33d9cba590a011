import type { CodeSize } from '../src/index.ts'

const prefixes = [0x66, 0xf2, 0xf3, 0x67, 0xf0, 0x2e, 0x64, 0x65, 0x36]
const prefixCounts = [0, 0, 0, 1, 1, 2, 3, 5]

/** A repeatable source of 15-byte streams that favour every map: prefixes, REX, escapes, VEX. */
export function randomStream(codeSize: CodeSize): () => Uint8Array {
  let state = 0x1234_5678 + codeSize
  const random = (): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
  const chosen = (list: readonly number[]): number => list[random() % list.length]!
  const opcodeBytes = (): readonly number[] => {
    const kind = random() % 10
    if (kind < 4) return [0x0f]
    if (kind === 4) return [0x0f, random() % 2 === 0 ? 0x38 : 0x3a]
    if (kind === 5) return random() % 2 === 0 ? [0xd8 + (random() % 8)] : []
    if (kind === 6) return [0xc4, 0xe2 ^ ((random() % 8) << 5), random() & 0xfb, 0xf0 + (random() % 8)]
    return []
  }
  return () => {
    const head: number[] = []
    for (let count = chosen(prefixCounts); count > 0; count -= 1) head.push(chosen(prefixes))
    if (codeSize === 64 && random() % 3 === 0) head.push(0x40 | (random() & 15))
    head.push(...opcodeBytes())
    return Uint8Array.from({ length: 15 }, (_, at) => head[at] ?? random() & 0xff)
  }
}
