import * as assembly from '@vmm/x86-assembler'
import { createDecoded, format } from '@vmm/x86-decoder'
import { type OpcodeRow, type OperandFile, type OperandPlace, parseOpcode, placeOf, rows } from '@vmm/x86-opcodes'
import { isExecuted } from '@vmm/x86-semantics'
import { bad, type InsCase, type Item } from './case.ts'
import { chanceOf } from './chance.ts'
import { decode } from './decoder.ts'
import { environments, layout, type ModeName } from './environments.ts'
import { lanes } from './interesting.ts'
import { widthOf } from './operand-width.ts'
import { Random } from './random.ts'
import {
  dataEnd,
  explicitValue,
  hasImplicitMemory,
  inCode,
  inData,
  places,
  registerWidth,
  specialInputs,
  type Turn,
} from './special-inputs.ts'
import { undefinedFlags } from './undefined-flags.ts'
import { unrecorded } from './unrecorded.ts'
import { controlInputs, flagInputs, gprValue, hasFloats, littleEndian, valueFor, x87Inputs } from './values.ts'

type Size = 16 | 32 | 64
type Kind = 'register' | 'memory'

const registers = Object.values(assembly).filter(
  (each): each is assembly.Register => typeof each === 'object' && 'kind' in each && each.kind === 'register',
)

/** An encoding of a row that cases are made for. */
interface Encoding {
  readonly row: OpcodeRow
  readonly number: number
  readonly size: Size
  readonly kind: Kind
  readonly codeSize: Size
  readonly lock: boolean
  /** Bits of vectors with VEX; 0: there is none. */
  readonly length: VectorLength
}

type VectorLength = 0 | 128 | 256

/** Cases of everything that a program on a real CPU can be asked about, with nothing yet said about what comes out. */
export function questions(): readonly InsCase[] {
  return rows.flatMap((row, number) => {
    if (!isExecuted(row) || unrecorded.has(row.mnemonic)) return []
    return codeSizesOf(row).flatMap((codeSize) =>
      encodingsOf(row, number, codeSize).flatMap((encoding) => casesOf(encoding)),
    )
  })
}

/** Code sizes that a row is asked about: general-purpose instructions in all that have it. */
function codeSizesOf(row: OpcodeRow): readonly Size[] {
  if (row.attributes.includes('not64')) return [32, 16]
  const { space, map, byte } = parseOpcode(row.opcode)
  const isGeneral = row.operands.every((code) => {
    const place = placeOf(code)
    return !('file' in place) || place.file === 'gpr' || place.file === 'segment'
  })
  const isX87 = map === 0 && byte >= 0xd8 && byte <= 0xdf
  const everywhere = space === 'legacy' && map < 2 && isGeneral && !isX87
  return row.attributes.includes('only64') || !everywhere ? [64] : [64, 32, 16]
}

function encodingsOf(row: OpcodeRow, number: number, codeSize: Size): readonly Encoding[] {
  const kinds = kindsOf(row)
  // a near branch of 16 bits in 32-bit code leaves the pages that there are
  const leaves = codeSize === 32 && nearBranches.test(row.mnemonic)
  const sizes = sizesOf(row, codeSize).filter((size) => !(leaves && size === 16))
  return sizes.flatMap((size) =>
    kinds.flatMap((kind) => {
      const [length, ...more] = lengthsOf(row)
      const plain: Encoding = { row, number, size, kind, codeSize, lock: false, length: length! }
      if (more.length > 0) return [plain, { ...plain, length: more[0]! }]
      return kind === 'memory' && codeSize === 64 && row.attributes.includes('lock')
        ? [plain, { ...plain, lock: true }]
        : [plain]
    }),
  )
}

/** Rows without a length of their own have both, if they have vectors of that length. */
function lengthsOf(row: OpcodeRow): readonly VectorLength[] {
  const { space, l } = parseOpcode(row.opcode)
  if (space !== 'VEX' || !isVector(row)) return [0]
  if (l !== undefined) return l === 1 ? [256] : [128]
  return row.operands.some((code) => JSON.stringify(placeOf(code)).includes('"x')) ? [128, 256] : [128]
}

const isVector = ({ mnemonic }: OpcodeRow): boolean => mnemonic.startsWith('V') && !/^VER[RW]$/.test(mnemonic)

const nearBranches = /^(?:J\w+|LOOP\w*|CALL|RET)$/

function kindsOf(row: OpcodeRow): readonly Kind[] {
  const place = row.operands.map(placeOf).find((each) => each.place === 'rm')
  const pinned = ['exact', 'register'].includes(parseOpcode(row.opcode).modrm.kind)
  if (place?.place !== 'rm' || pinned || row.attributes.includes('anyMod')) return ['register']
  return [
    ...(place.size === undefined ? [] : (['register'] as const)),
    ...(place.memory === undefined ? [] : (['memory'] as const)),
  ]
}

/** Operand sizes that change something: letters in the operand codes, or a mnemonic with sizes of its own. */
function sizesOf(row: OpcodeRow, codeSize: Size): readonly Size[] {
  const { w, space, mandatory } = parseOpcode(row.opcode)
  if (codeSize !== 64) return w === 1 ? [] : mandatory === 'any' ? [32, 16] : [codeSize]
  if (w === 1 || row.attributes.includes('force64')) return [64]
  const narrow: readonly Size[] = space === 'legacy' && mandatory !== 'NP' && mandatory !== '66' ? [16] : []
  if (row.attributes.includes('default64')) return [64, ...narrow]
  const letters = row.operands.some((code) => JSON.stringify(placeOf(code)).match(/"[vyz]"/))
  const sized = /^(?:CBW|CWD|MOVS|STOS|LODS|SCAS|CMPS|LEAVE|ENTER)$/.test(row.mnemonic)
  return letters || sized ? [32, ...(w === 0 ? [] : ([64] as const)), ...narrow] : [32]
}

function casesOf(encoding: Encoding): readonly InsCase[] {
  const { row, size, kind, codeSize } = encoding
  const random = new Random(
    chanceOf(row) * 256 + size * 2 + (kind === 'memory' ? 7 : 0) + (64 - codeSize) + (encoding.length === 256 ? 1 : 0),
  )
  const constants = encoding.row.operands.map((code) => constantOf(placeOf(code), encoding, random))
  const bytes = assembled(encoding, constants)
  if (bytes === undefined) return []
  const repeats = encoding.row.attributes.includes('rep') || encoding.row.attributes.includes('repz')
  const forms = repeats ? [bytes, Uint8Array.of(0xf3, ...bytes), Uint8Array.of(0xf2, ...bytes)] : [bytes]
  const isRepeat = codeSize !== 64 && !encoding.row.attributes.includes('not64')
  const usual: readonly Kinds[] =
    encoding.lock || isRepeat
      ? ['ordinary']
      : ordinaryDiffers.has(encoding.row.mnemonic)
        ? ['edge']
        : encoding.length > 0 && !isAlone(encoding.row)
          ? [encoding.length === 256 ? 'ordinary' : 'edge']
          : ['ordinary', 'edge']
  const touches = kind === 'memory' || hasImplicitMemory(encoding.row.mnemonic)
  const isOwn = ownOrder.has(encoding.row.mnemonic) || elementwise.test(encoding.row.mnemonic)
  const crosses = codeSize === 64 && touches && !encoding.lock && !isOwn && encoding.length !== 128
  const masks = codeSize === 64 && encoding.length !== 128 && hasFloats(encoding.row) ? (['unmasked'] as const) : []
  const turns: readonly Kinds[] = [...usual, ...masks, ...(crosses ? (['crossing'] as const) : [])]
  return forms.flatMap((code) => turns.map((turn) => caseOf(encoding, code, random, turn)))
}

/** Whether there is one encoding of it alone; of vectors with several each is asked about once. */
const isAlone = (row: OpcodeRow): boolean => kindsOf(row).length * lengthsOf(row).length === 1

/** Which byte of many elements they say was not there, and what they leave above a vector then, is each CPU's own, too. */
const elementwise = /GATHER|MASKMOV/

/** Instructions with many accesses: which of them is tried first, and how many are done before a fault, is each CPU's own. */
const ownOrder: ReadonlySet<string> = new Set(['ENTER', 'FLDENV', 'FNSTENV', 'FRSTOR', 'FNSAVE'])

/** Ordinary values, values where something happens, the same with exceptions unmasked, values at the end of memory. */
type Kinds = 'ordinary' | 'edge' | 'unmasked' | 'crossing'

/** Approximations whose last bit, or its rounding as C1 tells it, is each CPU's own: only special values are asked. */
const ordinaryDiffers: ReadonlySet<string> = new Set(['FPTAN'])

function caseOf(encoding: Encoding, bytes: Uint8Array, random: Random, kind: Kinds): InsCase {
  const { row, codeSize, size } = encoding
  const unmasked = kind === 'unmasked'
  const turn: Turn = {
    random,
    atEdge: unmasked || kind === 'edge',
    unmasked,
    size,
    codeSize,
    crosses: kind === 'crossing',
  }
  return {
    place: `${row.opcode} ${row.mnemonic}`,
    source: '',
    mode: modes[codeSize],
    bytes,
    text: textOf(bytes, modes[codeSize]),
    before: merged([
      ...explicitInputs(encoding, turn),
      ...specialInputs(row.mnemonic, turn),
      ...x87Inputs(row, turn),
      ...controlInputs(row, turn),
      ...flagInputs(turn),
      ...avxInputs(encoding),
    ]),
    after: [],
    undefinedFlags: new Set(undefinedFlags.get(row.mnemonic)),
    ending: { kind: 'done' },
  }
}

/** CR4.OSXSAVE, and SSE and AVX in XCR0. */
const avxInputs = ({ length }: Encoding): readonly Item[] =>
  length === 0
    ? []
    : [
        { kind: 'field', field: 'CR4', value: 0x4_0620n },
        { kind: 'field', field: 'XCR0', value: 7n },
      ]

const modes = { 64: '64', 32: 'c32', 16: 'c16' } as const

/** The last word on a register or a place in memory is what counts; two would be confusing to read. */
function merged(items: readonly Item[]): readonly Item[] {
  const key = (item: Item) => {
    if (item.kind === 'memory') return `memory ${item.address}`
    if (item.kind === 'field') return item.field
    return item.kind === 'flag' ? item.flag : 'index' in item ? `${item.kind} ${item.index}` : item.kind
  }
  return items.filter((item, at) => !items.slice(at + 1).some((later) => key(later) === key(item)))
}

/** The text of bytes in a mode, or what stands for none. */
export function textOf(bytes: Uint8Array, mode: ModeName): string {
  const { codeSize, fields } = environments[mode]
  const decoded = createDecoded()
  if (decode(bytes, 0, bytes.length, codeSize, decoded) !== undefined) return bad
  return format(decoded, fields.get('RIP')!)
}

/** Registers by the position of the operand: none that an instruction takes without naming it, none used for addresses. */
const pools = {
  64: { gpr: [8, 6, 13], xmm: [1, 10, 3, 12], mmx: [1, 2, 3], x87: [2, 3, 4] },
  16: { gpr: [6, 7, 5], xmm: [1, 2, 3], mmx: [1, 2, 3], x87: [2, 3, 4] },
  32: { gpr: [6, 7, 5], xmm: [1, 2, 3], mmx: [1, 2, 3], x87: [2, 3, 4] },
} as const

function registerAt(place: OperandPlace, position: number, { size, codeSize, length }: Encoding): assembly.Register {
  if (!('file' in place)) throw new Error(`no register is at ${place.place}`)
  const { file } = place
  const width = place.size === undefined ? 0 : widthOf(place.size, size, length)
  const registerBits = file === 'xmm' ? Math.max(width, 128) : width
  const index = (): number => {
    if (place.place === 'fixed') return place.index
    if (file === 'segment') return 3
    if (file === 'control' || file === 'debug') return 0
    // code of 16 or 32 bits has no byte registers but those of A to D
    if (file === 'gpr' && width === 8 && codeSize !== 64) return [2, 1, 0][position]!
    const pool: Partial<Record<OperandFile, readonly number[]>> = pools[codeSize]
    return pool[file]![position]!
  }
  const wanted = index()
  const found = registers.find(
    (each) =>
      each.file === file &&
      each.index === wanted &&
      !each.highByte &&
      ((file !== 'gpr' && file !== 'xmm') || each.width === registerBits),
  )
  if (found === undefined) throw new Error(`no ${file} register ${wanted} of ${width} bits`)
  return found
}

/** The base register of memory operands. */
const base = { 16: assembly.bx, 32: assembly.ebx, 64: assembly.rbx } as const
const displacement = 0x10

/** Numbers that are part of the encoding. */
function constantOf(place: OperandPlace, { row, size, codeSize }: Encoding, random: Random): bigint {
  switch (place.place) {
    case 'immediate': {
      if (row.mnemonic === 'ENTER') return place.encoded === 16 ? 0x20n : 1n
      const width = widthOf(place.encoded, size)
      const special = explicitValue(
        row.mnemonic,
        { random, atEdge: false, unmasked: false, size, codeSize, crosses: false },
        width,
      )
      return special ?? (width === 8 && place.size === 8 ? random.bits(8) : BigInt.asIntN(width, random.bits(width)))
    }
    case 'constant':
      return BigInt(place.value)
    case 'relative':
      return BigInt(inCode({ codeSize }, places.target))
    default:
      return 0n
  }
}

function assembled(encoding: Encoding, constants: readonly bigint[]): Uint8Array | undefined {
  const { row, number, size, codeSize, kind, lock } = encoding
  const operands = row.operands.map((code, position): assembly.Operand => {
    const place = placeOf(code)
    switch (place.place) {
      case 'immediate':
      case 'constant':
      case 'relative':
        return constants[position]!
      case 'far':
        return assembly.far(0x2b, places.target)
      case 'moffs':
        return assembly.mem({ displacement: inData({ codeSize }, places.operand) })
      case 'rm':
        if (place.index !== undefined) return assembly.mem(gathered(place, encoding))
        if (kind === 'memory' || place.size === undefined) return assembly.mem(base[codeSize], displacement)
        return registerAt(place, position, encoding)
      default:
        return registerAt(place, position, encoding)
    }
  })
  try {
    const a = assembly.assembler({ origin: inCode({ codeSize }, layout.code), codeSize })
    return a
      .with({ operandSize: size, lock })
      .emitRow(number, ...operands)
      .finish().bytes
  } catch (error) {
    // some rows have fewer operand sizes than their letters promise
    if (error instanceof assembly.AssemblerError) return undefined
    throw error
  }
}

/** The register of indices, its base, and elements that follow each other for indices that do. */
function gathered(place: Extract<OperandPlace, { place: 'rm' }>, { row, size, codeSize, length }: Encoding) {
  const width = Math.max(widthOf(place.index!, size, length), 128)
  const index = registers.find((each) => each.file === 'xmm' && each.index === indexRegister && each.width === width)!
  return { base: base[codeSize], index, scale: row.mnemonic.endsWith('Q') ? 8 : 4, displacement } as const
}

const indexRegister = 14

/** So much of memory is there for the elements of a gather, and so many of them: indices are numbers below. */
const gatheredBytes = 128
const mostElements = 8

function gatherInputs(row: OpcodeRow, { random, codeSize }: Turn): readonly Item[] {
  const bits = /GATHERQ/.test(row.mnemonic) ? 64 : 32
  const value = lanes(256, bits, () => BigInt(random.below(mostElements)))
  const pointer = BigInt(places.operand - displacement)
  return [
    { kind: 'gpr', index: 3, width: registerWidth(codeSize), highByte: false, value: pointer },
    { kind: 'ymm', index: indexRegister, value },
    { kind: 'memory', address: places.operand, bytes: littleEndian(random.bits(gatheredBytes * 8), gatheredBytes) },
  ]
}

function explicitInputs(encoding: Encoding, turn: Turn): readonly Item[] {
  const { row, size, codeSize, kind, length } = encoding
  return row.operands.flatMap((code, position): readonly Item[] => {
    const place = placeOf(code)
    const inMemory =
      place.place === 'moffs' || (place.place === 'rm' && (kind === 'memory' || place.size === undefined))
    if (place.place === 'rm' && place.index !== undefined) return gatherInputs(row, turn)
    if (inMemory) {
      const of = place.place === 'rm' ? place.memory! : place.place === 'moffs' ? place.size : 0
      const bytes = memoryBytes(code, widthOf(of, size, length))
      const address = turn.crosses ? dataEnd - (bytes === 0 ? 8 : bytes >> 1) : places.operand
      const pointer: Item = {
        kind: 'gpr',
        index: 3,
        width: registerWidth(codeSize),
        highByte: false,
        value: BigInt(inData(turn, address) - displacement),
      }
      const value = valueFor(row, turn, bytes * 8, 'memory')
      const there = Math.min(bytes, dataEnd - address)
      const content: Item = { kind: 'memory', address, bytes: littleEndian(value, there) }
      return [...(place.place === 'moffs' ? [] : [pointer]), ...(there === 0 ? [] : [content])]
    }
    if (!('file' in place)) return []
    const { file, index, width } = registerAt(place, position, encoding)
    if (file === 'gpr')
      return [
        {
          kind: 'gpr',
          index,
          width: registerWidth(codeSize),
          highByte: false,
          value: gprValue(row, turn, width, registerWidth(codeSize)),
        },
      ]
    if (file === 'xmm') {
      const isWide = width === 256
      return [{ kind: isWide ? 'ymm' : 'xmm', index, value: valueFor(row, turn, isWide ? 256 : 128, 'xmm') }]
    }
    return file === 'mmx' ? [{ kind: 'mm', index, value: valueFor(row, turn, 64, 'mmx') }] : []
  })
}

/** Far pointers are a selector longer than their offset, bounds are two. */
function memoryBytes(code: string, width: number): number {
  if (code === 'Mp') return width / 8 + 2
  return code === 'Ma' ? width / 4 : width / 8
}

/** A selector that changes nothing: what DS holds already. */
const _dataSelector = ({ codeSize }: Turn): bigint => (codeSize === 16 ? 0x0fn : 0x2bn)
const _loadsSegment = (row: OpcodeRow): boolean => row.operands[0] === 'Sw'
