import { ByteWriter, control, type MemoryOp, memoryOps, type PlainOp, plainOps, vectorOps } from '@vmm/wasm-encoder'
import { fastLayout } from '../src/fast-layout.ts'
import { formWords } from '../src/forms.ts'
import { recordWords } from '../src/record.ts'

/** Code that leaves a value, or that does something: bytes. */
export type Code = readonly number[]

export const bytesOf = (write: (to: ByteWriter) => void): Code => {
  const writer = new ByteWriter()
  write(writer)
  return [...writer.view()]
}

export const i32 = (value: number): Code => [control['i32.const'], ...bytesOf((to) => to.signed32(value))]
export const i64 = (value: bigint): Code => [control['i64.const'], ...bytesOf((to) => to.signed64(value))]
export const plain = (name: PlainOp, ...operands: readonly Code[]): Code => [
  ...operands.flat(),
  ...opcode(plainOps[name]),
]
export const add = (one: Code, other: Code) => plain('i32.add', one, other)
export const sub = (one: Code, other: Code) => plain('i32.sub', one, other)
export const and = (...[first, ...others]: readonly [Code, ...Code[]]): Code =>
  others.reduce((sum, other) => plain('i32.and', sum, other), first)
export const or = (...[first, ...others]: readonly [Code, ...Code[]]): Code =>
  others.reduce((sum, other) => plain('i32.or', sum, other), first)
export const shl = (value: Code, by: Code) => plain('i32.shl', value, by)
export const sar = (value: Code, by: Code) => plain('i32.shr_s', value, by)
export const shr = (value: Code, by: Code) => plain('i32.shr_u', value, by)

const opcode = (value: number): Code => bytesOf((to) => to.opcode(value))
const memoryOp = (name: MemoryOp, offset: number): Code => [
  ...opcode(memoryOps[name]),
  ...[0, ...bytesOf((to) => to.unsigned(offset))],
]
export const load = (name: MemoryOp, address: Code, offset = 0): Code => [...address, ...memoryOp(name, offset)]
export const store = (name: MemoryOp, address: Code, offset: number, value: Code): Code => [
  ...address,
  ...value,
  ...memoryOp(name, offset),
]

export const locals = [
  ...(['place', 'stop', 'size', 'offset', 'end', 'codeSize', 'kind', 'otherKind'] as const),
  ...(['at', 'position', 'limit', 'state', 'byte', 'entry', 'modrm', 'form', 'trait', 'registers'] as const),
  ...(['address', 'bytes', 'value', 'kinds', 'rare', 'next', 'word'] as const),
  ...(['quick', 'heads', 'step', 'lead', 'headEnd', 'head'] as const),
  ...(['key'] as const),
  ...(['signs', 'numbers'] as const),
] as const
/** How many of the locals are parameters, and of the last ones how many have 64 bits, and 128. */
export const [parameters, wideLocals, vectorLocals] = [8, 1, 2]
type Local = (typeof locals)[number]

export const get = (name: Local): Code => [control['local.get'], locals.indexOf(name)]
export const set = (name: Local, value: Code): Code => [...value, control['local.set'], locals.indexOf(name)]

const noResult = 0x40
export const block = (...body: readonly Code[]): Code => [control.block, noResult, ...body.flat(), control.end]
export const loop = (...body: readonly Code[]): Code => [control.loop, noResult, ...body.flat(), control.end]
export const when = (condition: Code, ...body: readonly Code[]): Code => [
  ...condition,
  control.if,
  noResult,
  ...body.flat(),
  control.end,
]
/** Out of so many blocks more than the innermost, or back to the beginning of a loop. */
export const br = (depth: number): Code => [control.br, depth]
export const brIf = (depth: number, condition: Code): Code => [...condition, control.br_if, depth]
export const select = (one: Code, other: Code, condition: Code): Code => [
  ...one,
  ...other,
  ...condition,
  control.select,
]

/** Lanes of 32 bits of a vector, by their numbers. */
export const lanes = (vector: Code, numbers: readonly number[]): Code => [
  ...[...vector, ...vector],
  ...opcode(vectorOps['i8x16.shuffle']),
  ...numbers.flatMap((lane) => [0, 1, 2, 3].map((byte) => lane * 4 + byte)),
]

export const nextByte = (name: Local): Code => [
  ...set(name, load('i32.load8_u', get('position'), fastLayout.window)),
  ...set('position', add(get('position'), i32(1))),
]
export const table = (base: number, index: Code): Code => load('i32.load', shl(index, i32(2)), base)
export const formWord = (word: keyof typeof formWords): Code =>
  load('i32.load', get('form'), fastLayout.words + formWords[word] * 4)
export const record = (word: keyof typeof recordWords, value: Code): Code =>
  store('i32.store', get('at'), recordWords[word] * 4, value)
export const recorded = (word: keyof typeof recordWords): Code => load('i32.load', get('at'), recordWords[word] * 4)
