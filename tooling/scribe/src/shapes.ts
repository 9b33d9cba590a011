import {
  type OpcodeRow,
  type OperandCode,
  type OperandPlace,
  type OperandSize,
  parseOpcode,
  placeOf,
  rows,
} from '@vmm/x86-opcodes'
import {
  type AnyOperand,
  type Instruction,
  instructions,
  isExecuted,
  type Mode,
  type OperandFile,
  type Width,
} from '@vmm/x86-semantics'

/** A size in bits of operands, addresses, stacks or code. */
export type Size = 16 | 32 | 64

/** One instruction in one shape: what a description is read for. */
export interface Shape {
  readonly instruction: Instruction
  readonly row: OpcodeRow
  readonly mode: Mode
  readonly operands: readonly AnyOperand[]
  /** `ADD r/m32, r32` with the kind of r/m decided: `ADD m32, r32`. */
  readonly heading: string
}

/** Which shapes of a mnemonic are asked for. */
export interface Wanted {
  readonly execution: Mode['execution']
  readonly codeSize: Size
}

/** Executions with the code sizes that they have. */
export const settings: readonly Wanted[] = [
  { execution: 'real', codeSize: 16 },
  { execution: 'virtual-8086', codeSize: 16 },
  { execution: 'protected', codeSize: 16 },
  { execution: 'protected', codeSize: 32 },
  { execution: 'compatibility', codeSize: 32 },
  { execution: 'long', codeSize: 64 },
]

/** Every shape of a mnemonic in a setting: row by row, operand size by operand size, registers before memory. */
export function shapesOf(mnemonic: string, wanted: Wanted): readonly Shape[] {
  const instruction = instructions.get(mnemonic)
  if (instruction === undefined) return []
  return rows
    .filter(
      (row) =>
        row.mnemonic === mnemonic &&
        isExecuted(row) &&
        !row.attributes.includes(wanted.codeSize === 64 ? 'not64' : 'only64'),
    )
    .flatMap((row) =>
      operandSizes(row, wanted.codeSize).flatMap((size) =>
        vectorLengths(row).flatMap((length) => shapesOfRow(instruction, row, wanted, { size, length })),
      ),
    )
}

/** Operand sizes that make a difference to a row, the usual one first. */
function operandSizes(row: OpcodeRow, codeSize: Size): readonly Size[] {
  const { w } = parseOpcode(row.opcode)
  if (codeSize !== 64) return w === 1 ? [] : codeSize === 16 ? [16, 32] : [32, 16]
  if (w === 1 || row.attributes.includes('force64')) return [64]
  return row.attributes.includes('default64') ? [64, 16] : [32, 64, 16]
}

/** Bits of vectors that a row with VEX has; 0 where it has none of a length that depends. */
function vectorLengths(row: OpcodeRow): readonly (0 | 128 | 256)[] {
  const { space, l } = parseOpcode(row.opcode)
  const depends = row.operands.some((code) => JSON.stringify(placeOf(code)).includes('"x'))
  if (space !== 'VEX' || !depends) return [0]
  return l === undefined ? [128, 256] : l === 0 ? [128] : [256]
}

/** What the letters of operand codes stand for. */
interface Sizes {
  readonly size: Size
  readonly length: 0 | 128 | 256
}

function shapesOfRow(instruction: Instruction, row: OpcodeRow, { execution, codeSize }: Wanted, sizes: Sizes): Shape[] {
  const { size } = sizes
  const places = row.operands.map(placeOf)
  const either = places.some((place) => place.place === 'rm' && place.size !== undefined && place.memory !== undefined)
  const reps = row.attributes.includes('rep') || row.attributes.includes('repz')
  const kinds =
    either && !row.attributes.includes('anyMod') && !pinned(row)
      ? (['register', 'memory'] as const)
      : ([undefined] as const)
  return kinds.flatMap((kind) =>
    (reps ? (['none', 'rep', 'repne'] as const) : (['none'] as const)).map((rep) => {
      const operands = places.map((place, position) => operandAt(place, position, sizes, codeSize, kind, instruction))
      const mode: Mode = {
        codeSize,
        operandSize: size,
        addressSize: codeSize,
        stackSize: codeSize,
        execution,
        rep,
        lock: false,
      }
      const words = operands.map((operand, at) => operandText(operand, row.operands[at]!))
      const prefix = rep === 'none' ? '' : `${rep.toUpperCase()} `
      return { instruction, row, mode, operands, heading: `${prefix}${row.mnemonic} ${words.join(', ')}`.trim() }
    }),
  )
}

/** Rows whose ModRM byte says that r/m is memory, or that it is a register. */
const pinned = (row: OpcodeRow): boolean => ['exact', 'register'].includes(parseOpcode(row.opcode).modrm.kind)

function operandAt(
  place: OperandPlace,
  position: number,
  sizes: Sizes,
  codeSize: Size,
  kind: 'register' | 'memory' | undefined,
  instruction: Instruction,
): AnyOperand {
  const bits = (of: OperandSize) => widthOf(of, sizes, codeSize)
  switch (place.place) {
    case 'rm':
      return kind === 'memory' || place.size === undefined
        ? { kind: 'memory', width: bits(place.memory!), position, ...indexOf(place.index, position, bits) }
        : register(place.file as OperandFile, bits(place.size), position, codeSize)
    case 'reg':
    case 'vvvv':
    case 'opcode':
    case 'is4':
      return register(place.file as OperandFile, bits(place.size), position, codeSize)
    case 'fixed':
      return {
        ...register(place.file as OperandFile, bits(place.size), position, codeSize),
        ...(known.has(place.file) ? { index: place.index } : {}),
      }
    case 'immediate':
      return {
        kind: 'immediate',
        width: bits(place.size),
        value: instruction.knows === 'immediate' ? 0n : undefined,
        position,
      }
    case 'constant':
      return { kind: 'immediate', width: 8, value: BigInt(place.value), position }
    case 'moffs':
      return { kind: 'memory', width: bits(place.size), position }
    case 'relative':
      return { kind: 'relative', width: 64, position }
    case 'far':
      return {
        kind: 'far',
        selector: { kind: 'immediate', width: 16, value: undefined, position },
        offset: { kind: 'immediate', width: 32, value: undefined, position },
        position,
      }
    case 'nibble':
      throw new Error(`no description has operands at ${place.place}`)
    default:
      return place satisfies never
  }
}

function widthOf(of: OperandSize, { size, length }: Sizes, codeSize: Size): Width {
  if (typeof of === 'number') return of as Width
  if (of === 'a') return codeSize
  if (of === 'v') return size
  if (of === 'z') return size === 16 ? 16 : 32
  if (of === 'y') return size === 64 ? 64 : 32
  return (length / Number(of.slice(1) || 1)) as Width
}

/** The vector of indices of a memory operand that has one. */
function indexOf(index: OperandSize | undefined, position: number, bits: (of: OperandSize) => Width) {
  return index === undefined ? {} : { vectorIndex: register('xmm', bits(index), position, 64) }
}

/** Files whose numbers descriptions look at. */
const known: ReadonlySet<string> = new Set(['segment', 'control', 'debug', 'x87'])

/** A register; where the description must know which, one that every such instruction takes. */
function register(
  file: OperandFile,
  width: Width,
  position: number,
  codeSize: Size,
): Extract<AnyOperand, { kind: 'register' }> {
  const wide = file === 'control' || file === 'debug'
  const index = known.has(file) ? (file === 'segment' ? 3 : 0) : undefined
  return {
    kind: 'register',
    file,
    width: wide ? (codeSize === 64 ? 64 : 32) : width,
    index,
    highByte: false,
    position,
  }
}

const files: Readonly<Record<OperandFile, string>> = {
  gpr: 'r',
  mmx: 'mm',
  xmm: 'xmm',
  segment: 'DS',
  control: 'CR0',
  debug: 'DR0',
  x87: 'ST(0)',
}

function operandText(operand: AnyOperand, code: OperandCode): string {
  if (placeOf(code).place === 'fixed') return code
  switch (operand.kind) {
    case 'register':
      if (operand.width === 256) return 'ymm'
      return operand.file === 'gpr' ? `r${operand.width}` : files[operand.file]
    case 'memory':
      return operand.width > 0 ? `m${operand.width}` : 'm'
    case 'immediate':
      return code === '1' ? '1' : `imm${operand.width}`
    case 'relative':
      return 'rel'
    case 'far':
      return 'ptr16:32'
    default:
      return operand satisfies never
  }
}
