import type { Mandatory, OperandFile, OperandPlace, OperandSize } from '@vmm/x86-opcodes'
import type { Candidate } from './candidates.ts'
import { lengthShift, ppShift, stateBits } from './prefixes.ts'
import { flagFields, operandFields, operandKinds, put, registerFiles, sizeCodes, widthCodes } from './record.ts'

/**
 * A form: a row with all that prefixes and ModRM can say of it but registers and numbers. So many words, these: the row; `flags` of the record;
 * `traits`; the bytes of an immediate (from bit 16 the same in bits, for what is behind it), what of it is left and whether its sign is in the upper half; then a template an operand.
 */
export const formSize = 16
export const formWords = { row: 0, flags: 1, traits: 2, bytes: 3, mask: 4, sign: 5, operands: 6 } as const

/** What decoding must look after besides: any of `rare` takes the long way. */
export const traits = {
  /** For ModRM, so that it names a register: there is no memory. */
  noAddress: 0xc0,
  /** A byte register may be AH to BH. */
  bytes: 0x100,
  lockable: 0x200,
  /** Some registers do not exist. */
  scarce: 0x400,
  /** More than one immediate, or a long one, or a far pointer. */
  numbers: 0x800,
  moffs: 0x1000,
  /** Something is as wide as an address. */
  addressWide: 0x2000,
  careful: 0x4000,
  address64: 0x8000,
  /** More than three operands. */
  many: 0x1_0000,
  lastByte: 0x2_0000,
  notLoadable: 0x4_0000,
  rare: 0x7_fc00,
} as const

/** Registers as decoding finds them, side by side: ModRM.reg, ModRM.r/m, VEX.vvvv and the opcode's. */
export const registerShifts = { none: 0, reg: 5, rm: 10, vvvv: 15, opcode: 20 } as const

/** Bits of a template below the operand: where its register is, and how much of it counts. */
export const templateShift = 10

/** What a form depends on besides its row. */
export interface Surroundings {
  /** 0 for 16 bits, 1 for 32, 2 for 64. */
  readonly codeSize: number
  /** The bits of `stateBits` that choose. */
  readonly state: number
  readonly modrm: number
}

/** What sizes are made of. */
interface Sizes {
  readonly operandSize: 16 | 32 | 64
  readonly vectorLength: 0 | 128 | 256 | 512
  /** Bits of the element that is broadcast, or 0. */
  readonly element: number
}

function operandSizeOf({ mandatory, force64, default64 }: Candidate, codeSize: number, state: number): 16 | 32 | 64 {
  // 66H and, where pp chooses no row, what it stands for are in the same bit
  const asks = (state & stateBits.vector) === 0 ? mandatory !== '66' : mandatory === 'NFx'
  const prefixed = asks && (state & stateBits.operandSize) !== 0
  if (codeSize !== 2) return prefixed === (codeSize === 0) ? 32 : 16
  if ((state & stateBits.w) !== 0 || force64) return 64
  if (prefixed) return 16
  return default64 ? 64 : 32
}

const isVector = ({ space }: Candidate): boolean => space === 'VEX' || space === 'EVEX' || space === 'XOP'

/** EVEX.b of instructions with registers alone. */
export const rounds = (state: number, modrm: number): boolean =>
  (state & stateBits.evex) !== 0 && (state & stateBits.evexB) !== 0 && modrm >= 0xc0

function vectorLengthOf(candidate: Candidate, { state, modrm }: Surroundings): Sizes['vectorLength'] {
  if (!isVector(candidate)) return 0
  if (candidate.ignoresLength) return 128
  return rounds(state, modrm) ? 512 : ((128 << ((state >> lengthShift) & 3)) as 128 | 256 | 512)
}

/** A size of an operand code in bits; what depends on the address size comes later. */
export function widthOf(
  size: OperandSize,
  { operandSize, vectorLength }: Pick<Sizes, 'operandSize' | 'vectorLength'>,
): number {
  if (typeof size === 'number') return size
  switch (size) {
    case 'v':
      return operandSize
    case 'z':
      return operandSize === 16 ? 16 : 32
    case 'y':
      return operandSize === 64 ? 64 : 32
    case 'a':
      return 0
    case 'x':
      return vectorLength
    case 'x2':
      return vectorLength >> 1
    case 'x4':
      return vectorLength >> 2
    case 'x8':
      return vectorLength >> 3
    default:
      return size satisfies never
  }
}

/** The code of a width. */
export function widthCode(width: number): number {
  const code = (widthCodes as readonly number[]).indexOf(width)
  if (code < 0) throw new Error(`no operand is ${width} bits wide`)
  return code
}

/** An immediate: bytes, what is left of it after its sign is extended to 32 bits, and whether the sign goes on. */
interface Numbers {
  readonly bytes: number
  readonly mask: number
  readonly sign: number
}

interface Draft {
  templates: number[]
  traits: number
  numbers: Numbers
}

/** The words of a form. */
export function formOf(candidate: Candidate, around: Surroundings): readonly number[] {
  const { codeSize, state, modrm } = around
  const inMemory = modrm < 0xc0 && !candidate.anyMod
  const sizes: Sizes = {
    operandSize: operandSizeOf(candidate, codeSize, state),
    vectorLength: vectorLengthOf(candidate, around),
    element:
      inMemory && (state & stateBits.evex) !== 0 && (state & stateBits.evexB) !== 0 ? candidate.broadcastBytes * 8 : 0,
  }
  const draft: Draft = {
    templates: [],
    traits: 0,
    numbers: { bytes: candidate.space === '3DNow!' ? 1 : 0, mask: 0, sign: 0 },
  }
  for (const place of candidate.places) addOperand(draft, place, { candidate, around, sizes, inMemory })
  draft.traits |= traitsOf(candidate, inMemory)
  const { bytes, mask, sign } = draft.numbers
  return [candidate.row, flagsOf(candidate, around, sizes), draft.traits, bytes, mask, sign, ...draft.templates]
}

function traitsOf(candidate: Candidate, inMemory: boolean): number {
  const is = (condition: boolean, trait: number) => (condition ? trait : 0)
  return (
    is(!inMemory, traits.noAddress) |
    is(candidate.lock && inMemory, traits.lockable) |
    is(candidate.careful, traits.careful) |
    is(candidate.address64, traits.address64) |
    is(candidate.places.length > 3, traits.many)
  )
}

function flagsOf(
  candidate: Candidate,
  { codeSize, state, modrm }: Surroundings,
  { operandSize, vectorLength }: Sizes,
): number {
  const repeat = isVector(candidate) || candidate.rep === 'none' ? 0 : state & stateBits.repeat
  const rep = repeat === 0 ? 0 : candidate.rep === 'repz' && repeat === stateBits.repeatF2 ? 2 : 1
  return (
    put(flagFields.count, candidate.places.length) |
    put(flagFields.codeSize, codeSize) |
    put(flagFields.operandSize, operandSize >> 5) |
    put(flagFields.rep, rep) |
    put(flagFields.hint, hintOf(candidate, state, modrm)) |
    put(flagFields.vectorLength, widthCode(vectorLength))
  )
}

function hintOf({ hints }: Candidate, state: number, modrm: number): number {
  const repeat = state & stateBits.repeat
  if (hints === undefined || repeat === 0) return 0
  const [ofF2, ofF3] = modrm < 0xc0 ? hints.inMemory : hints.elsewhere
  return repeat === stateBits.repeatF2 ? ofF2 : ofF3
}

interface Context {
  readonly candidate: Candidate
  readonly around: Surroundings
  readonly sizes: Sizes
  readonly inMemory: boolean
}

type Kind = (typeof operandKinds)[number]

const operandWord = (kind: Kind, width: number, rest = 0): number =>
  put(operandFields.kind, operandKinds.indexOf(kind)) | put(operandFields.width, widthCode(width)) | rest

function template(word: number, shift = 0, mask = 0): number {
  return (word << templateShift) | (mask << 5) | shift
}

function addOperand(draft: Draft, place: OperandPlace, context: Context): void {
  const { sizes, inMemory, around } = context
  switch (place.place) {
    case 'rm':
      if (inMemory)
        draft.templates.push(template(operandWord('memory', sizes.element || width(draft, place.memory ?? 0, sizes))))
      else addRegister(draft, place.file, place.size ?? 0, 'rm', rmMask(place.file, around.state), context)
      break
    case 'reg':
      addRegister(draft, place.file, place.size, 'reg', regMask(place.file, around.state), context)
      break
    case 'vvvv':
      addRegister(draft, place.file, place.size, 'vvvv', around.codeSize === 2 ? 31 : 7, context)
      break
    case 'is4':
      addLastByte(draft)
      addRegister(draft, place.file, place.size, 'none', 31, context)
      break
    case 'opcode':
      addRegister(draft, place.file, place.size, 'opcode', 31, context)
      break
    case 'fixed':
      draft.templates.push(template(registerWord(place.file, width(draft, place.size, sizes)) | place.index))
      break
    default:
      addNumber(draft, place, sizes, around.codeSize)
  }
}

function width(draft: Draft, size: OperandSize, sizes: Sizes): number {
  if (size === 'a') draft.traits |= traits.addressWide
  return widthOf(size, sizes)
}

/** REX.R does not reach registers of which there are eight, nor the fifth bit of REX2 any but general ones, and those that do not exist. */
function regMask(file: OperandFile, state: number): number {
  if (file === 'segment' || file === 'mmx') return 7
  return file === 'xmm' && (state & stateBits.vector) === 0 ? 15 : 31
}

/** Likewise REX.B. EVEX.X is the fifth bit of vector registers, and of tiles, of which there are no more than eight; that of general ones comes later. */
function rmMask(file: OperandFile, state: number): number {
  if (file === 'mmx' || file === 'x87' || file === 'opmask') return 7
  if ((state & stateBits.vector) === 0) return file === 'gpr' ? 31 : 15
  return (file === 'xmm' || file === 'tile') && (state & stateBits.evex) !== 0 ? 31 : 15
}

const registerWord = (file: OperandFile, bits: number): number =>
  operandWord('register', bits, put(operandFields.file, registerFiles.indexOf(file)))

const scarceFiles: ReadonlySet<OperandFile> = new Set(['control', 'debug', 'segment', 'opmask', 'tile', 'bound'])

function addRegister(
  draft: Draft,
  file: OperandFile,
  size: OperandSize,
  from: keyof typeof registerShifts,
  mask: number,
  { candidate, sizes }: Context,
): void {
  const bits = width(draft, size, sizes)
  if (file === 'gpr' && bits === 8 && !isVector(candidate)) draft.traits |= traits.bytes
  if (scarceFiles.has(file) || (file === 'gpr' && candidate.space === 'EVEX' && !candidate.extended))
    draft.traits |= traits.scarce
  if (file === 'segment' && candidate.byte === 0x8e) draft.traits |= traits.notLoadable
  draft.templates.push(template(registerWord(file, bits), registerShifts[from], mask))
}

/** A byte behind all others that has a register in its upper half, and may have a number in its lower. */
function addLastByte(draft: Draft): void {
  draft.traits |= traits.lastByte
  draft.numbers = { bytes: 1, mask: 0xff, sign: 0 }
}

type NumberPlace = Extract<OperandPlace, { place: 'immediate' | 'constant' | 'relative' | 'moffs' | 'far' | 'nibble' }>

function addNumber(draft: Draft, place: NumberPlace, sizes: Sizes, codeSize: number): void {
  const { operandSize } = sizes
  switch (place.place) {
    case 'immediate':
      addImmediate(draft, place.encoded, place.size, sizes)
      break
    case 'constant':
      draft.templates.push(template(operandWord('immediate', 8, place.value)))
      break
    case 'relative': {
      const bytes = place.encoded === 8 ? 1 : operandSize === 16 ? 2 : 4
      draft.numbers = { bytes, mask: -1, sign: -1 }
      draft.templates.push(template(operandWord('relative', sizeCodes[codeSize]!, put(operandFields.bytes, bytes))))
      break
    }
    case 'moffs':
      draft.traits |= traits.moffs
      draft.templates.push(template(operandWord('memory', width(draft, place.size, sizes))))
      break
    case 'far':
      draft.traits |= traits.numbers
      draft.numbers = { bytes: operandSize === 16 ? 2 : 4, mask: operandSize === 16 ? 0xffff : -1, sign: 0 }
      draft.templates.push(template(operandWord('far', operandSize)))
      break
    case 'nibble':
      addLastByte(draft)
      draft.templates.push(template(operandWord('immediate', 8), 0, 15))
      break
    default:
      place satisfies never
  }
}

/** Immediates narrower than what they are used as are sign-extended. */
function immediateOf(encoded: OperandSize, size: OperandSize, bits: number): Numbers {
  if (encoded === 8 && size === 8) return { bytes: 1, mask: 0xff, sign: 0 }
  if (encoded === 16) return { bytes: 2, mask: 0xffff, sign: 0 }
  if (encoded === 'v' && bits === 64) return { bytes: 8, mask: -1, sign: 0 }
  const bytes = encoded === 8 ? 1 : bits === 16 ? 2 : 4
  return { bytes, mask: bits === 16 ? 0xffff : -1, sign: bits === 64 ? -1 : 0 }
}

function addImmediate(draft: Draft, encoded: OperandSize, size: OperandSize, sizes: Sizes): void {
  const bits = encoded === 8 && size === 8 ? 8 : encoded === 16 ? 16 : widthOf(size, sizes)
  const found = immediateOf(encoded, size, bits)
  const isSecond = draft.numbers.bytes !== 0
  if (isSecond || found.bytes === 8) draft.traits |= traits.numbers
  if (!isSecond) draft.numbers = found
  const word = operandWord(
    'immediate',
    bits,
    put(operandFields.bytes, found.bytes) | put(operandFields.high, isSecond ? 1 : 0),
  )
  draft.templates.push(template(word))
}

const vexPrefixes: readonly Mandatory[] = ['NP', '66', 'F3', 'F2']

/** Whether the prefixes are those that a row asks for. */
export function mandatoryIs(mandatory: Mandatory, state: number): boolean {
  if ((state & stateBits.vector) !== 0) {
    const prefix = (state >> ppShift) & 3
    return mandatory === 'NFx' ? prefix < 2 : mandatory === vexPrefixes[prefix]
  }
  const repeat = state & stateBits.repeat
  const prefixed = (state & stateBits.operandSize) !== 0
  switch (mandatory) {
    case 'any':
      return true
    case 'NP':
      return repeat === 0 && !prefixed
    case 'NFx':
      return repeat === 0
    case '66':
      return prefixed && repeat === 0
    case 'F2':
      return repeat === stateBits.repeatF2
    case 'F3':
      return repeat === stateBits.repeatF3
    default:
      return mandatory satisfies never
  }
}
