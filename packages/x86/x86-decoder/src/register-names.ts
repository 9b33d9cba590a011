import type { DecodedOperand } from './decoded.ts'

const wide = ['ax', 'cx', 'dx', 'bx', 'sp', 'bp', 'si', 'di']
const low = ['al', 'cl', 'dl', 'bl', 'spl', 'bpl', 'sil', 'dil']
const high = ['ah', 'ch', 'dh', 'bh']

/** Segment registers in the order of their encoding. */
export const segmentNames = ['es', 'cs', 'ss', 'ds', 'fs', 'gs'] as const

/** A general register as assemblers write it: `rax`, `r8d`, `bx`, `sil`. */
export function generalName(index: number, width: number): string {
  if (index >= 8) return `r${index}${width === 64 ? '' : width === 32 ? 'd' : width === 16 ? 'w' : 'b'}`
  if (width === 8) return low[index]!
  return (width === 64 ? 'r' : width === 32 ? 'e' : '') + wide[index]!
}

/** A vector register by how much of it takes part: `xmm0`, `ymm1`, `zmm31`. */
export function vectorName(index: number, width: number): string {
  return `${width <= 128 ? 'x' : width === 256 ? 'y' : 'z'}mm${index}`
}

/** A register operand as assemblers write it. */
export function registerName({ file, index, width, highByte }: DecodedOperand): string {
  switch (file) {
    case 'gpr':
      return highByte ? high[index]! : generalName(index, width)
    case 'segment':
      return segmentNames[index]!
    case 'control':
      return `cr${index}`
    case 'debug':
      return `dr${index}`
    case 'x87':
      return `st(${index})`
    case 'mmx':
      return `mm${index}`
    case 'xmm':
      return vectorName(index, width)
    case 'opmask':
      return `k${index}`
    case 'bound':
      return `bnd${index}`
    case 'tile':
      return `tmm${index}`
    default:
      return file satisfies never
  }
}
