import type { CodeSize } from '@vmm/x86-decoder'
import type { Assembler } from '../assembler.ts'
import type { Modifiers } from '../encode.ts'
import { type AnyMnemonic, formsOf } from '../forms.ts'
import { type LabelReference, label, type Register } from '../operand.ts'
import { numberOf, readSum, registerOf, type Scope, type Sum } from './expression.ts'
import { type Operands, readOperands } from './operands.ts'
import type { Reader } from './reader.ts'

/** Where statements go, and how much room there is. */
export interface Target extends Scope {
  readonly assembler: Assembler
  setCodeSize(codeSize: CodeSize): void
  /** Bytes that may still be reserved; takes so many, or refuses. */
  take(reader: Reader, bytes: bigint): number
  /** Repetitions that may still be; takes so many, or refuses. */
  repeat(reader: Reader, count: bigint): number
  /** Defines a label that is a number, once. */
  define(name: string, value: bigint): void
  /** An address to go on at. */
  moveTo(address: bigint): void
}

type Directive = (reader: Reader, target: Target) => void

/** The directives, by name. */
const directives: Readonly<Record<string, Directive | undefined>> = {
  bits: (reader, target) => changeBits(reader, target, numberOf(reader, readSum(reader, target), target)),
  use16: (reader, target) => changeBits(reader, target, 16n),
  use32: (reader, target) => changeBits(reader, target, 32n),
  use64: (reader, target) => changeBits(reader, target, 64n),
  org: (reader, target) => target.moveTo(numberOf(reader, readSum(reader, target), target)),
  align: (reader, target) => align(reader, target),
  times: (reader, target) => times(reader, target),
  db: (reader, target) => data(reader, target, 1),
  dw: (reader, target) => data(reader, target, 2),
  dd: (reader, target) => data(reader, target, 4),
  dq: (reader, target) => data(reader, target, 8),
  resb: (reader, target) => reserve(reader, target, 1n),
  resw: (reader, target) => reserve(reader, target, 2n),
  resd: (reader, target) => reserve(reader, target, 4n),
  resq: (reader, target) => reserve(reader, target, 8n),
}

/** One directive or instruction, up to the end of the line. */
export function statement(reader: Reader, target: Target): void {
  const { kind, text } = reader.next
  if (kind === 'end') return
  if (kind === 'brace' && text.toLowerCase() === 'nf') return instruction(reader, target)
  if (kind !== 'name') throw reader.mistake(`an instruction is missing before ${text}`)
  const name = text.toLowerCase().replace(/^\.(?=org|align)/, '')
  const directive = Object.hasOwn(directives, name) ? directives[name] : undefined
  if (directive === undefined) return instruction(reader, target)
  reader.take()
  directive(reader, target)
  if (reader.next.kind !== 'end') throw reader.mistake(`nothing is expected here: ${reader.next.text}`)
}

function changeBits(reader: Reader, target: Target, bits: bigint): void {
  if (bits !== 16n && bits !== 32n && bits !== 64n) throw reader.mistake('code is of 16, 32 or 64 bits')
  target.setCodeSize(Number(bits) as CodeSize)
}

function align(reader: Reader, target: Target): void {
  const boundary = numberOf(reader, readSum(reader, target), target)
  const fill = reader.accept(',') ? numberOf(reader, readSum(reader, target), target) : 0n
  if (boundary < 1n || boundary > 1n << 30n) throw reader.mistake('not a boundary')
  target.take(reader, boundary - 1n)
  target.assembler.align(Number(boundary), byte(reader, fill))
}

function byte(reader: Reader, value: bigint): number {
  if (value < -128n || value > 255n) throw reader.mistake('a byte has 8 bits')
  return Number(BigInt.asUintN(8, value))
}

/** The rest of the line so many times. */
function times(reader: Reader, target: Target): void {
  const { column } = reader.next
  const count = numberOf(reader, readSum(reader, target), target)
  if (count < 0n) throw reader.mistake('not so few times', column)
  const repetitions = target.repeat(reader, count)
  const begin = reader.position
  if (count === 0n) reader.skip()
  for (let done = 0; done < repetitions; done += 1) {
    reader.position = begin
    statement(reader, target)
  }
}

function reserve(reader: Reader, target: Target, unit: bigint): void {
  const { column } = reader.next
  const count = numberOf(reader, readSum(reader, target), target)
  if (count < 0n) throw reader.mistake('not so few bytes', column)
  target.assembler.space(target.take(reader, count * unit))
}

/** Numbers, labels and text, each in so many bytes; text is filled up with zeros. */
function data(reader: Reader, target: Target, bytes: 1 | 2 | 4 | 8): void {
  do {
    if (reader.next.kind === 'string' && (reader.second.kind === 'end' || reader.second.text === ','))
      text(reader, target, bytes)
    else word(target, bytes, datumOf(reader, target))
  } while (reader.accept(','))
}

function text(reader: Reader, { assembler }: Target, bytes: number): void {
  const { text: characters } = reader.take()
  assembler.db(characters)
  const length = [...characters].reduce((sum, one) => sum + utf8Length(one.codePointAt(0)!), 0)
  assembler.space((bytes - (length % bytes)) % bytes)
}

const utf8Length = (code: number): number => (code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x1_0000 ? 3 : 4)

function word({ assembler }: Target, bytes: 1 | 2 | 4 | 8, value: bigint | LabelReference): void {
  if (bytes === 1) assembler.db(value as bigint)
  else if (bytes === 2) assembler.dw(value)
  else if (bytes === 4) assembler.dd(value)
  else assembler.dq(value)
}

/** A number, or a label with something added where that is what it is. A byte is always a number. */
function datumOf(reader: Reader, target: Target): bigint | LabelReference {
  const { column } = reader.next
  const sum: Sum = readSum(reader, target)
  const [only] = sum.labels
  if (sum.registers.length === 0 && sum.labels.size === 1 && only?.[1] === 1n) return label(only[0], sum.number)
  return numberOf(reader, sum, target, column)
}

const repeats: Readonly<Record<string, Modifiers['rep']>> = {
  ...{ rep: 'rep', repe: 'repe', repz: 'repe', repne: 'repne', repnz: 'repne' },
}

/** Prefixes that are words, as the formatter writes them. */
function prefixesOf(reader: Reader): Modifiers {
  let modifiers: Modifiers = {}
  for (;;) {
    const { kind, text } = reader.next
    const name = text.toLowerCase()
    const noFlags = kind === 'brace' && name === 'nf' ? { noFlags: true } : undefined
    const more = kind === 'name' ? prefix(name) : noFlags
    if (more === undefined) return modifiers
    reader.take()
    modifiers = { ...modifiers, ...more }
  }
}

function prefix(name: string): Modifiers | undefined {
  if (name === 'lock') return { lock: true }
  if (Object.hasOwn(repeats, name)) return { rep: repeats[name] as 'rep' }
  if (name === 'xacquire' || name === 'xrelease' || name === 'bnd') return { hint: name }
  const size = /^([ao])(16|32|64)$/.exec(name)
  if (size !== null) {
    const bits = Number(size[2]) as 16 | 32 | 64
    return size[1] === 'a' ? { addressSize: bits } : { operandSize: bits }
  }
  const register: Register | undefined = name === 'notrack' ? registerOf('ds') : registerOf(name)
  return register?.file === 'segment' ? { segment: register } : undefined
}

function instruction(reader: Reader, target: Target): void {
  const prefixes = prefixesOf(reader)
  const { kind, text, column } = reader.next
  if (kind === 'end') throw reader.mistake('an instruction is missing behind its prefixes')
  const name = text.toUpperCase()
  if (kind !== 'name' || formsOf(name).length === 0) throw reader.mistake(`no such instruction: ${text}`, column)
  reader.take()
  const found = readOperands(reader, target)
  for (const [defined, value] of found.defined) target.define(defined, value)
  const mnemonic = farName(name, found)
  target.assembler.with({ ...prefixes, ...found.modifiers })
  target.assembler.emit(mnemonic as AnyMnemonic, ...found.operands)
}

/** JMP and CALL that say that they are far, or have a far pointer. */
function farName(name: string, { operands, far }: Operands): string {
  const [first] = operands
  const isFar = far || (typeof first === 'object' && first.kind === 'far')
  return isFar && (name === 'JMP' || name === 'CALL') ? `${name}F` : name
}
