import type { OperandFile } from '@vmm/x86-opcodes'
import { AssemblerError } from './error.ts'

/** A register, by its place: `rax`, `ah`, `xmm3`, `cr0`. */
export interface Register {
  readonly kind: 'register'
  readonly name: string
  readonly file: OperandFile
  readonly index: number
  /** Bits; 0 for control and debug registers, which are as wide as the mode. */
  readonly width: number
  readonly highByte: boolean
}

/** The instruction pointer as a base. */
export interface InstructionPointer {
  readonly kind: 'rip'
  /** EIP, whose sums are cut to 32 bits. */
  readonly width?: 32
}

/** The address of a label plus a number of bytes. */
export interface LabelReference {
  readonly kind: 'label'
  readonly name: string
  readonly plus: bigint
  /** Which branch form: the shortest that reaches, or a fixed one. */
  readonly distance: 'shortest' | 'short' | 'near'
  /** As a memory address in 64-bit code: relative to RIP, or as a 32-bit displacement. */
  readonly addressing: 'relative' | 'absolute'
}

/** A far pointer in the instruction. */
export interface FarPointer {
  readonly kind: 'far'
  readonly selector: number
  readonly offset: bigint | LabelReference
}

/** Memory. `size` in bits; undefined where another operand or the instruction says it. */
export interface Memory {
  readonly kind: 'memory'
  readonly size: number | undefined
  readonly segment: Register | undefined
  readonly base: Register | InstructionPointer | undefined
  readonly index: Register | undefined
  readonly scale: 1 | 2 | 4 | 8
  readonly displacement: bigint | LabelReference
}

/** A number: safe integers as numbers, anything wider as bigint. */
export type Numeric = number | bigint

/** What instructions take. A string is the address of the label of that name. */
export type Operand = Register | Memory | LabelReference | FarPointer | Numeric | string

/** The parts of an address. */
export interface AddressParts {
  readonly base?: Register | InstructionPointer
  readonly index?: Register
  readonly scale?: 1 | 2 | 4 | 8
  readonly displacement?: Numeric | string | LabelReference
  readonly segment?: Register
}

/** An address: its parts, a base register, a number, or a label by name. */
export type Address = AddressParts | Register | LabelReference | Numeric | string

/** RIP as a base: `mem64({ base: rip, displacement: 16 })`. */
export const rip: InstructionPointer = { kind: 'rip' }

/** The address of a label, `plus` bytes on. A label name as a string is the same with nothing added. */
export function label(name: string, plus: Numeric = 0): LabelReference {
  return { kind: 'label', name, plus: toBigInt(plus, name), distance: 'shortest', addressing: 'relative' }
}

/** A branch target for the one-byte displacement, or an error if it does not reach. */
export function short(name: string): LabelReference {
  return { ...label(name), distance: 'short' }
}

/** A branch target for the displacement of operand size, even where one byte would reach. */
export function near(name: string): LabelReference {
  return { ...label(name), distance: 'near' }
}

/** A label as memory that 64-bit code addresses by a 32-bit displacement and not relative to RIP. */
export function absolute(name: string, plus: Numeric = 0): LabelReference {
  return { ...label(name, plus), addressing: 'absolute' }
}

/** A far pointer: `a.jmpf(far(8, 'start64'))`. */
export function far(selector: number, offset: Numeric | string | LabelReference): FarPointer {
  return { kind: 'far', selector, offset: placeOf(offset) }
}

const sized =
  (size: number | undefined) =>
  (address: Address, displacement: Numeric = 0) =>
    memory(size, address, displacement)

/** Memory whose size another operand or the instruction says: `mem(rbx, 8)`, `mem({ base: rbx, index: rcx, scale: 4 })`. */
export const mem = sized(undefined)
/** A byte of memory. */
export const mem8 = sized(8)
/** A word of memory. */
export const mem16 = sized(16)
/** A doubleword of memory. */
export const mem32 = sized(32)
/** Memory of 48 bits: a far pointer 16:32. */
export const mem48 = sized(48)
/** A quadword of memory. */
export const mem64 = sized(64)
/** Ten bytes of memory. */
export const mem80 = sized(80)
/** A double quadword of memory. */
export const mem128 = sized(128)
/** 32 bytes of memory. */
export const mem256 = sized(256)
/** 64 bytes of memory. */
export const mem512 = sized(512)

function memory(size: number | undefined, address: Address, displacement: Numeric): Memory {
  if (typeof address !== 'object') return atParts(size, { displacement: address }, displacement)
  if (!('kind' in address)) return atParts(size, address, displacement)
  return atParts(size, address.kind === 'label' ? { displacement: address } : { base: address }, displacement)
}

function atParts(size: number | undefined, parts: AddressParts, more: Numeric): Memory {
  const { base, index, scale = 1, segment, displacement = 0 } = parts
  const at = placeOf(displacement)
  const plus = toBigInt(more, 'displacement')
  return {
    kind: 'memory',
    size,
    base,
    index,
    scale,
    segment,
    displacement: typeof at === 'bigint' ? at + plus : { ...at, plus: at.plus + plus },
  }
}

/** A number as a bigint, a name as a reference. */
export function placeOf(value: Numeric | string | LabelReference): bigint | LabelReference {
  if (typeof value === 'string') return label(value)
  return typeof value === 'object' ? value : toBigInt(value, 'number')
}

/** Refuses numbers that are not integers or have lost bits. */
export function toBigInt(value: Numeric, given: string): bigint {
  if (typeof value === 'bigint') return value
  if (!Number.isSafeInteger(value)) throw new AssemblerError(`not a safe integer, use a bigint (${value})`, { given })
  return BigInt(value)
}

/** An operand as the encoder takes it. */
export type PlainOperand = Register | Memory | LabelReference | FarPointer | bigint

/** Strings become label references and numbers bigints. */
export function plainOperand(operand: Operand): PlainOperand {
  return typeof operand === 'object' ? operand : placeOf(operand)
}

/** The operand in words. */
export function sayOperand(operand: PlainOperand): string {
  if (typeof operand === 'bigint')
    return operand < 10n && operand > -10n
      ? `${operand}`
      : `${operand < 0n ? '-' : ''}0x${(operand < 0n ? -operand : operand).toString(16)}`
  switch (operand.kind) {
    case 'register':
      return operand.name
    case 'label':
      return operand.plus === 0n ? operand.name : `${operand.name}+${operand.plus}`
    case 'far':
      return `${operand.selector}:${sayOperand(operand.offset)}`
    case 'memory':
      return `mem${operand.size ?? ''}[${sayAddress(operand)}]`
    default:
      return operand satisfies never
  }
}

function sayAddress({ base, index, scale, displacement, segment }: Memory): string {
  const parts: string[] = []
  if (base !== undefined) parts.push(base.kind === 'rip' ? (base.width === 32 ? 'eip' : 'rip') : base.name)
  if (index !== undefined) parts.push(`${index.name}*${scale}`)
  if (displacement !== 0n || parts.length === 0) parts.push(sayOperand(displacement))
  return (segment === undefined ? '' : `${segment.name}:`) + parts.join('+')
}
