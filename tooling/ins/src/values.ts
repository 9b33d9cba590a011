import type { OpcodeRow } from '@vmm/x86-opcodes'
import type { Item } from './case.ts'
import { edge, type FloatWidth, float, lanes } from './interesting.ts'
import { explicitValue, type Turn } from './special-inputs.ts'

/** A selector that changes nothing: what DS holds already. */
const dataSelector = ({ codeSize }: Turn): bigint => (codeSize === 16 ? 0x0fn : 0x2bn)
const loadsSegment = (row: OpcodeRow): boolean => row.operands[0] === 'Sw'

export function gprValue(row: OpcodeRow, turn: Turn, width: number, codeSize: number): bigint {
  const special = explicitValue(row.mnemonic, turn, width)
  if (special !== undefined) return special
  if (turn.atEdge && loadsSegment(row)) return dataSelector(turn)
  return turn.atEdge ? edge(turn.random, width) : turn.random.bits(codeSize)
}

/** Which floats a vector instruction works on, by its name. */
function floatOf(mnemonic: string): FloatWidth | undefined {
  const source = /^CVTT?(PS|PD|SS|SD|DQ|PI|SI)2/.exec(mnemonic)?.[1]
  const name = source ?? /(PS|PD|SS|SD)$/.exec(mnemonic)?.[1]
  return name === 'PS' || name === 'SS' ? 32 : name === 'PD' || name === 'SD' ? 64 : undefined
}

export function valueFor(row: OpcodeRow, turn: Turn, width: number, where: 'memory' | 'xmm' | 'mmx'): bigint {
  if (width === 0) return 0n
  const { random, atEdge } = turn
  if (atEdge && loadsSegment(row)) return dataSelector(turn)
  const special = where === 'memory' ? explicitValue(row.mnemonic, turn, width) : undefined
  if (special !== undefined) return special
  if (['LES', 'LDS'].includes(row.mnemonic)) return (dataSelector(turn) << BigInt(width - 16)) | random.bits(width - 16)
  const isX87 = row.mnemonic.startsWith('F') && where === 'memory'
  const of = isX87 ? x87MemoryFloat(row, width) : floatOf(row.mnemonic)
  if (of !== undefined && width >= of) return lanes(width, of === 80 ? width : of, () => float(random, of, atEdge))
  if (!atEdge) return random.bits(width)
  const lane = width >= 64 ? random.of([8, 16, 32, 64]) : width
  return lanes(width, lane, () => edge(random, lane))
}

function x87MemoryFloat(row: OpcodeRow, width: number): FloatWidth | undefined {
  if (/^F(?:I|B|LDCW|LDENV|RSTOR|XRSTOR)/.test(row.mnemonic)) return undefined
  return width === 32 || width === 64 || width === 80 ? width : undefined
}

/** Four x87 registers in use, the rest empty: loads have room, and every operand is there. */
export function x87Inputs({ mnemonic }: OpcodeRow, turn: Turn): readonly Item[] {
  if (!mnemonic.startsWith('F') || mnemonic === 'FXSAVE' || mnemonic === 'FXRSTOR') return []
  const values = [0, 1, 2, 3].map((index): Item => ({ kind: 'st', index, value: float(turn.random, 80, turn.atEdge) }))
  return [{ kind: 'field', field: 'FTW', value: 0xfn }, ...values]
}

const isX87 = ({ mnemonic }: OpcodeRow): boolean => mnemonic.startsWith('F') && !mnemonic.startsWith('FXSAVE')
const isSse = ({ mnemonic, operands }: OpcodeRow): boolean =>
  floatOf(mnemonic) !== undefined && operands.some((code) => /^[VW](?:s[sd]|p[sd])$/.test(code))
export const hasFloats = (row: OpcodeRow): boolean => isX87(row) || isSse(row)

/** At an edge: another rounding, another precision of the x87, denormals that count as zero; then some exceptions unmasked. */
export function controlInputs(row: OpcodeRow, { atEdge, unmasked, random }: Turn): readonly Item[] {
  if (!atEdge) return []
  const rounding = BigInt(random.below(4))
  const masks = unmasked ? BigInt(random.below(64)) : 0x3fn
  if (isX87(row)) {
    const precision = random.of([0n, 2n, 3n])
    return [{ kind: 'field', field: 'FCW', value: 0x40n | masks | (precision << 8n) | (rounding << 10n) }]
  }
  if (!isSse(row)) return []
  const denormals = random.of([0n, 0x40n, 0x8000n, 0x8040n])
  return [{ kind: 'field', field: 'MXCSR', value: (masks << 7n) | (rounding << 13n) | denormals }]
}

export function flagInputs({ random }: Turn): readonly Item[] {
  return (['CF', 'PF', 'AF', 'ZF', 'SF', 'OF'] as const).flatMap((flag): Item[] =>
    random.below(2) === 0 ? [] : [{ kind: 'flag', flag, value: true }],
  )
}

export function littleEndian(value: bigint, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => Number((value >> BigInt(at * 8)) & 0xffn))
}
