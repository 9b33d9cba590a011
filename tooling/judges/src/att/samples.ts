import { type CodeSize, createDecoded, decode } from '@vmm/x86-decoder'

type Bytes = readonly number[]

const prefixes: readonly Bytes[] = [
  ...[[], [0x66], [0xf2], [0xf3], [0x67], [0x64], [0x36], [0xf0], [0x3e], [0x66, 0x67]],
  ...[[0x48], [0x41], [0x66, 0x48], [0xf2, 0x48], [0xf3, 0x48], [0x67, 0x64]],
]
const maps: readonly Bytes[] = [[], [0x0f], [0x0f, 0x38], [0x0f, 0x3a]]
const upTo = (count: number): number[] => Array.from({ length: count }, (_, at) => at)

/** VEX, XOP and EVEX with every map, pp, W and length, EVEX with masks, zeroing, broadcast and rounding. */
function vectorHeads(): Bytes[] {
  const fields = upTo(16).map((bits) => ((bits & 8) << 4) | 0x70 | ((bits & 4) === 0 ? 0 : 4) | (bits & 3))
  const vex = [1, 2, 3, 5, 7].flatMap((map) => fields.map((last) => [0xc4, 0xe0 | map, last | 8]))
  const xop = [8, 9, 10].flatMap((map) => [0x78, 0xf8, 0x7c, 0x70].map((last) => [0x8f, 0xe0 | map, last]))
  const lasts = [0x08, 0x18, 0x0b, 0x8b, 0x9b, 0x28, 0x2b, 0x38, 0x48, 0x4b, 0x58, 0x5b, 0xdb]
  const evex = [1, 2, 3, 5, 6].flatMap((map) =>
    upTo(8).flatMap((bits) => lasts.map((last) => [0x62, 0xf0 | map, ((bits & 4) << 5) | (bits & 3) | 0x7c, last])),
  )
  return [...vex, ...xop, ...evex]
}

const modrms = upTo(8).flatMap((reg) => [0xc1, 0x44, 0x05, 0x07].map((form) => form | (reg << 3)))
const rest = [0x8a, 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0]

/** One instruction of each shape: by row, sizes, kinds of operands, and what EVEX says. */
export function samples(codeSize: CodeSize): Uint8Array[] {
  const decoded = createDecoded()
  const seen = new Set<string>()
  const found: Uint8Array[] = []
  const heads = [...prefixes.flatMap((prefix) => maps.map((map) => [...prefix, ...map])), ...vectorHeads()]
  for (const head of heads)
    for (const opcode of upTo(256))
      for (const modrm of modrms) {
        const bytes = Uint8Array.from([...head, opcode, modrm, ...rest])
        if (decode(bytes, 0, bytes.length, codeSize, decoded) !== undefined) continue
        const { row, operandSize, addressSize, vectorLength, mask, broadcast, rounding, operands, count } = decoded
        const kinds = operands.slice(0, count).map(({ kind }) => kind)
        const key = [row, operandSize, addressSize, vectorLength, mask, broadcast, rounding, ...kinds].join()
        if (seen.has(key)) continue
        seen.add(key)
        found.push(bytes.slice(0, decoded.length))
      }
  return found
}
