import type { CodeSize } from '../src/index.ts'

const prefixes = [0x66, 0xf2, 0xf3, 0x67, 0xf0, 0x2e, 0x64, 0x65, 0x36]
const prefixCounts = [0, 0, 0, 0, 0, 1, 1, 2, 3, 5]
const vexMaps = [1, 2, 2, 2, 3, 3, 7, 0]
const xopMaps = [8, 9, 10, 11]
const evexMaps = [1, 1, 2, 2, 2, 3, 5, 6, 0]

/** A repeatable source of 15-byte streams that favour every map: prefixes, REX, escapes, VEX, EVEX, XOP. */
export function randomStream(codeSize: CodeSize): () => Uint8Array {
  let state = 0x1234_5678 + codeSize
  const random = (): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
  const chosen = (list: readonly number[]): number => list[random() % list.length]!
  /** VEX and XOP in two or three bytes, EVEX in four; inverted bits are mostly set, so that registers exist. */
  const vectorPrefix = (): readonly number[] => {
    const inverted = random() % 4 === 0 ? random() & 0xf0 : 0xf0
    const [w, vvvv, pp] = [random() & 0x80, random() % 3 === 0 ? random() & 0x78 : 0x78, random() & 3]
    switch (random() % 6) {
      case 0:
        return [0xc5, (inverted & 0x80) | vvvv | (random() & 4) | pp]
      case 1:
        return [0xc4, (inverted & 0xe0) | chosen(vexMaps), w | vvvv | (random() & 4) | pp]
      case 2:
        return [0x8f, (inverted & 0xe0) | chosen(xopMaps), w | vvvv | (random() & 4) | (random() % 8 === 0 ? pp : 0)]
      default:
        return [0x62, inverted | chosen(evexMaps), w | vvvv | 4 | pp, (random() & 0xf7) | (random() % 8 === 0 ? 0 : 8)]
    }
  }
  const opcodeBytes = (): readonly number[] => {
    const kind = random() % 12
    if (kind < 3) return [0x0f]
    if (kind === 3) return [0x0f, random() % 2 === 0 ? 0x38 : 0x3a]
    if (kind === 4) return [random() % 4 === 0 ? 0x0f : 0xd8 + (random() % 8)]
    return kind < 9 ? vectorPrefix() : []
  }
  return () => {
    const head: number[] = []
    for (let count = chosen(prefixCounts); count > 0; count -= 1) head.push(chosen(prefixes))
    if (codeSize === 64 && random() % 4 === 0) head.push(0x40 | (random() & 15))
    head.push(...opcodeBytes())
    return Uint8Array.from({ length: 15 }, (_, at) => head[at] ?? random() & 0xff)
  }
}

/** Such streams one behind the other, a few thousand at a time. */
export function* randomStreams(codeSize: CodeSize, count: number): Generator<Uint8Array> {
  const stream = randomStream(codeSize)
  const atOnce = 10_000
  for (let done = 0; done < count; done += atOnce) {
    const streams = new Uint8Array(atOnce * 15)
    for (let at = 0; at < streams.length; at += 15) streams.set(stream(), at)
    yield streams
  }
}
