import type { DecodedOperand } from './decoded.ts'

const wide = ['ax', 'cx', 'dx', 'bx', 'sp', 'bp', 'si', 'di']
const low = ['al', 'cl', 'dl', 'bl', 'spl', 'bpl', 'sil', 'dil']
const high = ['ah', 'ch', 'dh', 'bh']

/** Segment registers in the order of their encoding. */
export const segmentNames = ['es', 'cs', 'ss', 'ds', 'fs', 'gs'] as const

const numbered = (before: string, behind: string, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `${before}${at}${behind}`)
const general = (before: string, behind: string) => [
  ...wide.map((name) => before + name),
  ...numbered('r', behind, 32).slice(8),
]

const names = {
  8: [...low, ...numbered('r', 'b', 32).slice(8)],
  16: general('', 'w'),
  32: general('e', 'd'),
  64: general('r', ''),
} as const
const vectors = { x: numbered('xmm', '', 32), y: numbered('ymm', '', 32), z: numbered('zmm', '', 32) } as const
const others = {
  ...{ control: numbered('cr', '', 16), debug: numbered('dr', '', 16), x87: numbered('st(', ')', 8) },
  ...{
    mmx: numbered('mm', '', 8),
    opmask: numbered('k', '', 8),
    bound: numbered('bnd', '', 4),
    tile: numbered('tmm', '', 8),
    blockScale: ['bsr0'],
  },
} as const

/** A general register as assemblers write it: `rax`, `r8d`, `bx`, `sil`. */
export function generalName(index: number, width: number): string {
  return names[width as keyof typeof names][index]!
}

/** A vector register by how much of it takes part: `xmm0`, `ymm1`, `zmm31`. */
export function vectorName(index: number, width: number): string {
  return (width <= 128 ? vectors.x : width === 256 ? vectors.y : vectors.z)[index]!
}

/** A register operand as assemblers write it. */
export function registerName({
  file,
  index,
  width,
  highByte,
}: Pick<DecodedOperand, 'file' | 'index' | 'width' | 'highByte'>): string {
  switch (file) {
    case 'gpr':
      return highByte ? high[index]! : generalName(index, width)
    case 'segment':
      return segmentNames[index]!
    case 'xmm':
      return vectorName(index, width)
    default:
      return others[file][index]!
  }
}
