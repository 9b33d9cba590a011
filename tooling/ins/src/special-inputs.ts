import type { Item } from './case.ts'
import { layout } from './environments.ts'
import { edge } from './interesting.ts'
import type { Random } from './random.ts'

/** Where the memory operands of generated cases lie, and what implicit pointers point at. */
export const places = {
  operand: layout.data + 0x100,
  source: layout.data + 0x200,
  destination: layout.data + 0x300,
  target: layout.code + 0x80,
  frame: layout.data + 0x8100,
} as const

/** What is being made: an instruction with an operand size, one of several turns. */
export interface Turn {
  readonly random: Random
  readonly atEdge: boolean
  /** Floating-point exceptions may be faults. */
  readonly unmasked: boolean
  readonly size: number
  readonly codeSize: 16 | 32 | 64
  /** Memory is there for the first part of what the instruction asks for, and not for the rest. */
  readonly crosses: boolean
}

/** The first address behind the data, where no page is. */
export const dataEnd = layout.data + layout.dataBytes

/** The offset of a place in the data segment; 16-bit code has segments that begin where data and code do. */
export const inData = ({ codeSize }: Pick<Turn, 'codeSize'>, address: number): number =>
  codeSize === 16 ? address - layout.data : address

/** The offset of a place in the code segment. */
export const inCode = ({ codeSize }: Pick<Turn, 'codeSize'>, address: number): number =>
  codeSize === 16 ? address - layout.code : address

/** How much of general registers cases speak of. */
export const registerWidth = (codeSize: 16 | 32 | 64): 32 | 64 => (codeSize === 64 ? 64 : 32)

const numbers = { rax: 0, rcx: 1, rdx: 2, rbx: 3, rsp: 4, rbp: 5, rsi: 6, rdi: 7 } as const
type Name = keyof typeof numbers

const set = ({ codeSize }: Turn, name: Name, value: bigint | number): Item => ({
  kind: 'gpr',
  index: numbers[name],
  width: registerWidth(codeSize),
  highByte: false,
  value: BigInt.asUintN(registerWidth(codeSize), BigInt(value)),
})

const memory = (address: number, value: bigint, bytes: number): Item => ({
  kind: 'memory',
  address,
  bytes: Uint8Array.from({ length: bytes }, (_, at) => Number((value >> BigInt(at * 8)) & 0xffn)),
})

const any = (turn: Turn, name: Name): Item =>
  set(
    turn,
    name,
    turn.atEdge ? edge(turn.random, registerWidth(turn.codeSize)) : turn.random.bits(registerWidth(turn.codeSize)),
  )

type Maker = (turn: Turn) => readonly Item[]

const stackHolds: Maker = (turn) => [memory(Number(layout.stack), turn.random.bits(64), 8)]
const returns: Maker = (turn) => [memory(Number(layout.stack), BigInt(inCode(turn, places.target)), 8)]
const accumulator: Maker = (turn) => [any(turn, 'rax')]

/** A dividend that is not too large for most divisors; at an edge anything. */
const dividend =
  (signed: boolean): Maker =>
  (turn) => {
    const { size, random, atEdge } = turn
    if (atEdge) return [any(turn, 'rax'), any(turn, 'rdx')]
    const low = random.bits(size === 8 ? 14 : size - 1)
    return [set(turn, 'rax', low), set(turn, 'rdx', signed && size !== 8 && random.below(2) === 1 ? -1n : 0n)]
  }

const pointers: Maker = (turn) => {
  const { random, atEdge } = turn
  const back: Item[] = atEdge ? [{ kind: 'flag', flag: 'DF', value: true }] : []
  const same = random.bits(128)
  return [
    set(turn, 'rsi', inData(turn, places.source)),
    set(turn, 'rdi', inData(turn, places.destination)),
    set(turn, 'rcx', 3),
    ...accumulator(turn),
    memory(places.source - 16, random.bits(128), 16),
    memory(places.source, same, 16),
    memory(places.destination, random.below(2) === 0 ? same : random.bits(128), 16),
    ...back,
  ]
}

const table: Readonly<Record<string, Maker>> = {
  MUL: accumulator,
  DIV: dividend(false),
  IDIV: dividend(true),
  CBW: accumulator,
  CWD: accumulator,
  CMPXCHG: accumulator,
  CMPXCHG8B: (turn) => (['rax', 'rdx', 'rcx'] as const).map((name) => any(turn, name)),
  CMPXCHG16B: (turn) => (['rax', 'rdx', 'rcx'] as const).map((name) => any(turn, name)),
  LAHF: accumulator,
  SAHF: accumulator,
  AAA: accumulator,
  AAS: accumulator,
  AAM: accumulator,
  AAD: accumulator,
  DAA: accumulator,
  DAS: accumulator,
  XLAT: (turn) => [
    set(turn, 'rbx', inData(turn, places.operand)),
    set(turn, 'rax', 0x1107),
    memory(places.operand, turn.random.bits(128), 16),
  ],
  LOOP: (turn) => [set(turn, 'rcx', turn.atEdge ? 1 : 5)],
  LOOPE: (turn) => [set(turn, 'rcx', turn.atEdge ? 1 : 5)],
  LOOPNE: (turn) => [set(turn, 'rcx', turn.atEdge ? 1 : 5)],
  JRCXZ: (turn) => [set(turn, 'rcx', turn.atEdge ? 0 : 1n << 40n)],
  POP: stackHolds,
  POPF: (turn) => [memory(Number(layout.stack), turn.random.bits(64) & 0xed5n, 8)],
  POPA: (turn) => [memory(Number(layout.stack), turn.random.bits(256), 32)],
  RET: returns,
  ENTER: (turn) => [set(turn, 'rbp', inData(turn, places.frame))],
  LEAVE: (turn) => [set(turn, 'rbp', inData(turn, places.frame)), memory(places.frame, turn.random.bits(64), 8)],
  MASKMOVQ: (turn) => [set(turn, 'rdi', inData(turn, places.destination))],
  MASKMOVDQU: (turn) => [set(turn, 'rdi', inData(turn, places.destination))],
  PCMPESTRI: (turn) => [set(turn, 'rax', turn.random.below(20)), set(turn, 'rdx', turn.random.below(20))],
  PCMPESTRM: (turn) => [set(turn, 'rax', turn.random.below(20)), set(turn, 'rdx', turn.random.below(20))],
  VMASKMOVDQU: (turn) => [set(turn, 'rdi', inData(turn, places.destination))],
  VPCMPESTRI: (turn) => [set(turn, 'rax', turn.random.below(20)), set(turn, 'rdx', turn.random.below(20))],
  VPCMPESTRM: (turn) => [set(turn, 'rax', turn.random.below(20)), set(turn, 'rdx', turn.random.below(20))],
  VLDMXCSR: (turn) => [memory(places.operand, 0x1f80n | BigInt(turn.random.below(64)), 4)],
  LDMXCSR: (turn) => [
    memory(places.operand, 0x1f80n | BigInt(turn.random.below(64)) | (BigInt(turn.random.below(4)) << 13n), 4),
  ],
  VERR: () => [],
  MULX: (turn) => [any(turn, 'rdx')],
  FNSTSW: accumulator,
}

const strings = /^(?:MOVS|STOS|LODS|SCAS|CMPS)(B?)$/
const pushes = /^(?:PUSH|PUSHF|PUSHA|CALL|ENTER)$/
const pops = /^(?:POP|POPF|POPA|RET)$/

/** Whether an instruction has memory that no operand names. */
export const hasImplicitMemory = (mnemonic: string): boolean =>
  strings.test(mnemonic) || pushes.test(mnemonic) || pops.test(mnemonic) || mnemonic === 'LEAVE'

/** Implicit memory that is only half there: for strings from the second element on. */
function crossingInputs(mnemonic: string, turn: Turn): readonly Item[] {
  const bytes = strings.exec(mnemonic)?.[1] === 'B' ? 1 : turn.size / 8
  if (strings.test(mnemonic))
    return [set(turn, mnemonic.startsWith('LODS') ? 'rsi' : 'rdi', dataEnd - bytes - (bytes >> 1))]
  if (pushes.test(mnemonic)) return [set(turn, 'rsp', layout.data + 2)]
  if (pops.test(mnemonic)) return [set(turn, 'rsp', dataEnd - 1)]
  return mnemonic === 'LEAVE' ? [set(turn, 'rbp', dataEnd - 1)] : []
}

/** Inputs that an instruction takes without naming them, or that must be more than random. */
export function specialInputs(mnemonic: string, turn: Turn): readonly Item[] {
  if (turn.crosses) return [...usualInputs(mnemonic, turn), ...crossingInputs(mnemonic, turn)]
  return usualInputs(mnemonic, turn)
}

function usualInputs(mnemonic: string, turn: Turn): readonly Item[] {
  if (strings.test(mnemonic)) return pointers(turn)
  return table[mnemonic]?.(turn) ?? []
}

/** Values of explicit operands that must not be random, by mnemonic: a selector, a bit offset near, a jump that stays. */
export function explicitValue(mnemonic: string, turn: Turn, width: number): bigint | undefined {
  const { random } = turn
  if (['LAR', 'LSL', 'VERR', 'VERW', 'ARPL'].includes(mnemonic)) return random.of([0x2bn, 0x33n, 0x23n, 0n, 0x2an])
  if (['BT', 'BTS', 'BTR', 'BTC'].includes(mnemonic)) return BigInt(random.below(512))
  if (mnemonic === 'JMP' || mnemonic === 'CALL') return BigInt(inCode(turn, places.target))
  if (['SHL', 'SHR', 'SAR', 'ROL', 'ROR', 'RCL', 'RCR', 'SHLD', 'SHRD'].includes(mnemonic) && width === 8) {
    // double shifts of words by more than 16 are undefined
    const most = mnemonic.length === 4 && turn.size === 16 ? 16 : 31
    return BigInt(turn.atEdge ? random.of([0, 1, most]) : 1 + random.below(15))
  }
  return undefined
}
