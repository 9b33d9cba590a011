import type { InstructionPointer, Register } from '../operand.ts'
import * as registers from '../registers.ts'
import type { Reader } from './reader.ts'

/** A sum: a number, labels so many times, and registers so many times. */
export interface Sum {
  readonly number: bigint
  readonly labels: ReadonlyMap<string, bigint>
  readonly registers: readonly (readonly [register: Register | InstructionPointer, times: bigint])[]
}

/** What names mean where an expression stands. */
export interface Scope {
  /** The value of a name that was given one; undefined for a label. */
  constant(name: string): Sum | undefined
  /** A name in full: local labels have that of the label before. */
  full(name: string): string
  /** The address of a label as far as it is known. */
  address(label: string): bigint
  /** The label of this statement, and of this section's begin. */
  readonly here: string
  readonly begin: string
}

const byName: ReadonlyMap<string, Register> = new Map(
  Object.values(registers).map((register) => [register.name, register]),
)

/** The register of a name in any case. */
export function registerOf(name: string): Register | undefined {
  return byName.get(name.toLowerCase())
}

/** A number as a sum. */
export const sumOf = (number: bigint): Sum => ({ number, labels: new Map(), registers: [] })

const deepest = 64
const mostBits = 256

/** Reads an expression: of C's operators, with C's precedence. */
export function readSum(reader: Reader, scope: Scope, depth = 0): Sum {
  if (depth > deepest) throw reader.mistake('this is too deep')
  return binary(reader, scope, 0, depth)
}

const levels: readonly (readonly string[])[] = [['|'], ['^'], ['&'], ['<<', '>>'], ['+', '-'], ['*', '/', '%']]

function binary(reader: Reader, scope: Scope, level: number, depth: number): Sum {
  if (level === levels.length) return unary(reader, scope, depth)
  let left = binary(reader, scope, level + 1, depth)
  for (;;) {
    const operator = levels[level]!.find((one) => reader.is(one))
    if (operator === undefined) return left
    const { column } = reader.take()
    const right = binary(reader, scope, level + 1, depth)
    left = combined(reader, scope, operator, left, right, column)
  }
}

function combined(reader: Reader, scope: Scope, operator: string, left: Sum, right: Sum, column: number): Sum {
  if (operator === '+') return added(left, right, 1n)
  if (operator === '-') return added(left, right, -1n)
  if (operator === '*' && (isNumber(left) || isNumber(right)))
    return limited(reader, isNumber(left) ? scaled(right, left.number) : scaled(left, right.number), column)
  const [a, b] = [numberOf(reader, left, scope, column), numberOf(reader, right, scope, column)]
  return limited(reader, sumOf(calculated(reader, operator, a, b, column)), column)
}

function calculated(reader: Reader, operator: string, a: bigint, b: bigint, column: number): bigint {
  if ((operator === '/' || operator === '%') && b === 0n) throw reader.mistake('division by zero', column)
  if ((operator === '<<' || operator === '>>') && (b < 0n || b > BigInt(mostBits)))
    throw reader.mistake('nothing is shifted so far', column)
  switch (operator) {
    case '|':
      return a | b
    case '^':
      return a ^ b
    case '&':
      return a & b
    case '<<':
      return a << b
    case '>>':
      return a >> b
    case '/':
      return a / b
    case '%':
      return a % b
    default:
      return a * b
  }
}

/** Numbers do not grow without bounds. */
function limited(reader: Reader, sum: Sum, column: number): Sum {
  if (BigInt.asIntN(2 * mostBits, sum.number) !== sum.number) throw reader.mistake('a number too large', column)
  return sum
}

const isNumber = ({ labels, registers: list }: Sum): boolean => labels.size === 0 && list.length === 0

function added(left: Sum, right: Sum, sign: bigint): Sum {
  const labels = new Map(left.labels)
  for (const [name, times] of right.labels) {
    const sum = (labels.get(name) ?? 0n) + sign * times
    if (sum === 0n) labels.delete(name)
    else labels.set(name, sum)
  }
  const list = right.registers.map(([register, times]) => [register, sign * times] as const)
  return { number: left.number + sign * right.number, labels, registers: [...left.registers, ...list] }
}

function scaled({ number, labels, registers: list }: Sum, times: bigint): Sum {
  return {
    number: number * times,
    labels: new Map(times === 0n ? [] : [...labels].map(([name, count]) => [name, count * times])),
    registers: list.map(([register, count]) => [register, count * times]),
  }
}

/** The number that a sum is, with labels where they are known to be. */
export function numberOf(reader: Reader, sum: Sum, scope: Scope, column = reader.next.column): bigint {
  if (sum.registers.length > 0) throw reader.mistake('a number is wanted, and no register', column)
  let { number } = sum
  for (const [name, times] of sum.labels) number += scope.address(name) * times
  return number
}

function unary(reader: Reader, scope: Scope, depth: number): Sum {
  if (depth > deepest) throw reader.mistake('this is too deep')
  const { column } = reader.next
  if (reader.accept('-')) return scaled(unary(reader, scope, depth + 1), -1n)
  if (reader.accept('+')) return unary(reader, scope, depth + 1)
  if (reader.accept('~')) return sumOf(~numberOf(reader, unary(reader, scope, depth + 1), scope, column))
  if (reader.accept('(')) {
    const inner = readSum(reader, scope, depth + 1)
    reader.expect(')')
    return inner
  }
  if (reader.accept('$$')) return labelSum(scope.begin)
  if (reader.accept('$')) return labelSum(scope.here)
  return primary(reader, scope)
}

const labelSum = (name: string): Sum => ({ number: 0n, labels: new Map([[name, 1n]]), registers: [] })

function primary(reader: Reader, scope: Scope): Sum {
  const token = reader.next
  if (token.kind === 'number') return sumOf(reader.take().value)
  if (token.kind === 'string') return sumOf(characters(reader))
  if (token.kind !== 'name') throw reader.mistake(`an expression is missing before ${token.text}`)
  reader.take()
  const lower = token.text.toLowerCase()
  if (lower === 'rip') return { ...sumOf(0n), registers: [[{ kind: 'rip' }, 1n]] }
  if (lower === 'eip') return { ...sumOf(0n), registers: [[{ kind: 'rip', width: 32 }, 1n]] }
  const register = registerOf(lower)
  if (register !== undefined) return { ...sumOf(0n), registers: [[register, 1n]] }
  return scope.constant(scope.full(token.text)) ?? labelSum(scope.full(token.text))
}

/** Characters as a number, the first one lowest. */
function characters(reader: Reader): bigint {
  const { text, column } = reader.take()
  const codes = [...text].map((character) => BigInt(character.codePointAt(0)!))
  if (codes.length === 0 || codes.length > 8 || codes.some((code) => code > 0xffn))
    throw reader.mistake('a character is up to eight bytes', column)
  return codes.reduceRight((sum, code) => (sum << 8n) | code, 0n)
}
