import type { Modifiers } from '../encode.ts'
import { absolute, type LabelReference, label, type Memory, type Operand, type Register } from '../operand.ts'
import * as registers from '../registers.ts'
import { numberOf, readSum, registerOf, type Scope, type Sum } from './expression.ts'
import type { Reader } from './reader.ts'

/** The operands of an instruction, and what stands between them. */
export interface Operands {
  readonly operands: readonly Operand[]
  readonly modifiers: Modifiers
  /** Addresses that are numbers, to be relative to RIP: labels to define. */
  readonly defined: ReadonlyMap<string, bigint>
  readonly far: boolean
}

const sizes: Readonly<Record<string, number>> = {
  ...{ byte: 8, word: 16, dword: 32, fword: 48, qword: 64, tbyte: 80, tword: 80, oword: 128, xmmword: 128 },
  ...{ yword: 256, ymmword: 256, zword: 512, zmmword: 512 },
}

interface Gathered {
  modifiers: Modifiers
  readonly defined: Map<string, bigint>
  far: boolean
}

/** Reads all operands up to the end of the line. */
export function readOperands(reader: Reader, scope: Scope): Operands {
  const operands: Operand[] = []
  const gathered: Gathered = { modifiers: {}, defined: new Map(), far: false }
  if (reader.at('brace') && reader.next.text.startsWith('dfv=')) gathered.modifiers = { defaultFlags: flagsOf(reader) }
  while (!reader.at('end')) {
    if (reader.at('brace')) decorate(reader, gathered)
    else {
      operands.push(operand(reader, scope, gathered))
      while (reader.at('brace')) decorate(reader, gathered)
    }
    if (!reader.at('end')) reader.expect(',')
  }
  return { operands, ...gathered }
}

const flagsByBit = ['cf', 'zf', 'sf', 'of']

/** Flags where a condition is not met: `{dfv=of,cf}`. */
function flagsOf(reader: Reader): number {
  const { text, column } = reader.take()
  const names = text
    .slice(4)
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
  return names.reduce((sum, name) => {
    if (name === '' && names.length === 1) return 0
    if (!flagsByBit.includes(name)) throw reader.mistake(`no flag of these is called ${name}`, column)
    return sum | (1 << flagsByBit.indexOf(name))
  }, 0)
}

const roundings = { 'rn-sae': 'nearest', 'rd-sae': 'down', 'ru-sae': 'up', 'rz-sae': 'zero', sae: 'sae' } as const

/** Masks, zeroing, broadcast and rounding, in braces. */
function decorate(reader: Reader, gathered: Gathered): void {
  const { text, column } = reader.take()
  const lower = text.toLowerCase()
  const add = (more: Modifiers): void => {
    gathered.modifiers = { ...gathered.modifiers, ...more }
  }
  if (lower === 'z') return add({ zeroing: true })
  const copies = /^1to(2|4|8|16|32)$/.exec(lower)
  if (copies !== null) return add({ broadcast: Number(copies[1]) })
  if (lower in roundings) return add({ rounding: roundings[lower as keyof typeof roundings] })
  const mask = /^k[1-7]$/.test(lower) ? registerOf(lower) : undefined
  if (mask === undefined) throw reader.mistake(`nothing is called {${text}}`, column)
  add({ mask })
}

function operand(reader: Reader, scope: Scope, gathered: Gathered): Operand {
  if (reader.is('far')) {
    reader.take()
    gathered.far = true
  }
  const distance = reader.accept('short') ? 'short' : reader.accept('near') ? 'near' : undefined
  const size = sizeOf(reader)
  const segment = segmentBefore(reader)
  if (reader.is('[')) return memory(reader, scope, size, segment, gathered)
  if (segment !== undefined) throw reader.mistake('a segment is of memory')
  const stack = stackRegister(reader)
  if (stack !== undefined) return stack
  const { column } = reader.next
  const sum = readSum(reader, scope)
  const [only] = sum.registers
  if (only !== undefined) {
    const isPlain = sum.registers.length === 1 && only[1] === 1n && sum.number === 0n && sum.labels.size === 0
    if (!isPlain || only[0].kind === 'rip') throw reader.mistake('registers are added in brackets alone', column)
    return only[0]
  }
  if (reader.accept(':')) return farPointer(reader, scope, sum, column)
  const value = placeOf(reader, scope, sum, column)
  if (distance === undefined) return value
  if (typeof value !== 'bigint') return { ...value, distance }
  gathered.defined.set(`#${value}`, value)
  return { ...label(`#${value}`), distance }
}

/** A selector in the instruction. */
function farPointer(reader: Reader, scope: Scope, sum: Sum, column: number): Operand {
  const selector = numberOf(reader, sum, scope, column)
  if (BigInt.asUintN(16, selector) !== selector) throw reader.mistake('a selector has 16 bits', column)
  const offset = placeOf(reader, scope, readSum(reader, scope), column)
  return { kind: 'far', selector: Number(selector), offset }
}

/** A size keyword, with the word `ptr` or without. */
function sizeOf(reader: Reader): number | undefined {
  const { kind, text } = reader.next
  const size = kind === 'name' ? sizes[text.toLowerCase()] : undefined
  if (size === undefined || !Object.hasOwn(sizes, text.toLowerCase())) return undefined
  reader.take()
  reader.accept('ptr')
  return size
}

/** A segment register with a colon. */
function segmentBefore(reader: Reader): Register | undefined {
  const { next, second } = reader
  const register = next.kind === 'name' ? registerOf(next.text) : undefined
  if (register?.file !== 'segment' || second.text !== ':' || second.kind !== 'punctuation') return undefined
  reader.take()
  reader.take()
  return register
}

/** `st`, and `st(3)`, which is `st3`. */
function stackRegister(reader: Reader): Register | undefined {
  if (!reader.is('st')) return undefined
  reader.take()
  if (!reader.accept('(')) return registers.st0
  const { text } = reader.take()
  const register = /^[0-7]$/.test(text) ? registerOf(`st${text}`) : undefined
  if (register === undefined) throw reader.mistake('x87 has registers st(0) to st(7)')
  reader.expect(')')
  return register
}

/** A number, or a label with something added; of what is neither, the number that it is as far as labels are known. */
function placeOf(reader: Reader, scope: Scope, sum: Sum, column: number): bigint | LabelReference {
  const [only] = sum.labels
  if (only !== undefined && sum.labels.size === 1 && only[1] === 1n) return label(only[0], sum.number)
  return numberOf(reader, { ...sum, registers: [] }, scope, column)
}

function memory(
  reader: Reader,
  scope: Scope,
  size: number | undefined,
  before: Register | undefined,
  { defined }: Gathered,
): Memory {
  reader.expect('[')
  const segment = segmentBefore(reader) ?? before
  const how = reader.accept('rel') ? 'rel' : reader.accept('abs') ? 'abs' : undefined
  const inner = segmentBefore(reader) ?? segment
  const { column } = reader.next
  const sum = readSum(reader, scope)
  reader.expect(']')
  const place = placeOf(reader, scope, sum, column)
  const common = { kind: 'memory', size, segment: inner } as const
  if (how === 'rel' && sum.registers.length === 0) {
    if (typeof place === 'bigint') defined.set(`#${place}`, place)
    const displacement = typeof place === 'bigint' ? label(`#${place}`) : place
    return { ...common, base: { kind: 'rip' }, index: undefined, scale: 1, displacement }
  }
  const displacement = typeof place !== 'bigint' && how === 'abs' ? { ...place, ...absoluteOnly } : place
  return { ...common, ...registersOf(reader, sum, column), displacement }
}

const { addressing } = absolute('')
const absoluteOnly = { addressing } as const

/** Base, index and scale that a sum of registers is. */
function registersOf(
  reader: Reader,
  { registers: list }: Sum,
  column: number,
): Pick<Memory, 'base' | 'index' | 'scale'> {
  const refuse = (message: string) => reader.mistake(message, column)
  let [base, index, scale]: [Memory['base'], Memory['index'], Memory['scale']] = [undefined, undefined, 1]
  for (const [register, times] of list) {
    if (times === 1n && base === undefined && !isVector(register)) base = register
    else if (index === undefined && register.kind === 'register') {
      if (![1n, 2n, 4n, 8n].includes(times)) throw refuse(`${register.name} is taken 1, 2, 4 or 8 times`)
      index = register
      scale = Number(times) as Memory['scale']
    } else throw refuse('an address has a base and an index')
  }
  return { base, index, scale }
}

const isVector = (register: Register | { readonly kind: 'rip' }): boolean =>
  register.kind === 'register' && register.file === 'xmm'
