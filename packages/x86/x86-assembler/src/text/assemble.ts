import type { CodeSize } from '@vmm/x86-decoder'
import { type Assembler, type AssemblerOptions, assembler } from '../assembler.ts'
import { AssemblerError } from '../error.ts'
import type { Program } from '../layout.ts'
import { toBigInt } from '../operand.ts'
import { numberOf, readSum, registerOf, type Sum, sumOf } from './expression.ts'
import { TextMistake } from './mistake.ts'
import { Reader } from './reader.ts'
import { statement, type Target } from './statement.ts'
import { type Token, tokensOf } from './token.ts'

/** Something wrong in a text. Lines and columns count from 1. */
export interface Mistake {
  readonly line: number
  readonly column: number
  readonly message: string
}

/** A part of a program with a name of its own. */
export interface Section {
  readonly name: string
  /** Address of its first byte. */
  readonly address: bigint
  /** Bytes. */
  readonly size: number
}

/** What a text became: a program, or mistakes, at least one, in the order of lines. */
export type Assembly =
  | (Program & { readonly kind: 'program'; readonly sections: readonly Section[] })
  | { readonly kind: 'mistakes'; readonly mistakes: readonly Mistake[] }

/** Where a program begins, in what mode, and how large it may become. */
export interface AssembleOptions extends AssemblerOptions {
  /** Bytes; 64 MiB unless told otherwise. */
  readonly limit?: number
}

interface Line {
  readonly number: number
  readonly tokens: readonly Token[]
  readonly section: string
  /** The label that local labels of this line belong to. */
  readonly parent: string
}

const mostPasses = 32
/** A text that repeats more than this is better written as `resb`, or by a program. */
const mostRepetitions = 1n << 18n

/**
 * Assembles a text in Intel's syntax as NASM has it: labels, `db` `dw` `dd` `dq` with text and expressions, `equ`, `times`, `resb`, `align`, `org`,
 * `bits`, `section`. Never throws for what is in the text; an `AssemblerError` for options that are none. Sections follow each other in the order in which they begin.
 */
export function assemble(text: string, options: AssembleOptions = {}): Assembly {
  if (typeof text !== 'string') throw new AssemblerError('text: expected a string', { given: String(text) })
  const mistakes: Mistake[] = []
  const lines = linesOf(text, mistakes)
  if (mistakes.length > 0) return { kind: 'mistakes', mistakes }
  let known: Known = { labels: new Map(), constants: new Map() }
  for (let pass = 0; pass < mostPasses; pass += 1) {
    const run = new Pass(lines, known, options)
    const labels = run.labels()
    if (labels === undefined) return failed(run.mistakes)
    const found: Known = { labels, constants: run.constants }
    if (!run.asked || isSame(found, known)) return run.mistakes.length > 0 ? failed(run.mistakes) : run.finish()
    known = found
  }
  return failed([{ line: 1, column: 1, message: 'lengths depend on each other and never settle' }])
}

const failed = (mistakes: readonly Mistake[]): Assembly => ({
  kind: 'mistakes',
  mistakes: [...mistakes].sort((a, b) => a.line - b.line || a.column - b.column),
})

/** What one reading has found out for the next. */
interface Known {
  readonly labels: ReadonlyMap<string, bigint>
  readonly constants: ReadonlyMap<string, Sum>
}

function isSame(a: Known, b: Known): boolean {
  const sameSum = (one: Sum, other: Sum | undefined): boolean =>
    one.number === other?.number && isSameMap(one.labels, other.labels)
  return isSameMap(a.labels, b.labels) && [...a.constants].every(([name, sum]) => sameSum(sum, b.constants.get(name)))
}

function isSameMap(a: ReadonlyMap<string, bigint>, b: ReadonlyMap<string, bigint>): boolean {
  return a.size === b.size && [...a].every(([name, address]) => b.get(name) === address)
}

/** Takes lines apart and says which section and which label each belongs to. */
function linesOf(text: string, mistakes: Mistake[]): readonly Line[] {
  const found: Line[] = []
  let [section, parent] = ['.text', '']
  text.split(/\r?\n/).forEach((line, at) => {
    const number = at + 1
    try {
      const tokens = tokensOf(line)
      const isSection = tokens[0]!.text.toLowerCase() === 'section' || tokens[0]!.text.toLowerCase() === 'segment'
      if (isSection && tokens[1]!.kind === 'name') section = tokens[1]!.text
      const isLabel = tokens[0]!.kind === 'name' && tokens[1]?.text === ':' && tokens[1].kind === 'punctuation'
      if (isLabel && !tokens[0]!.text.startsWith('.')) parent = tokens[0]!.text
      found.push({ number, tokens, section, parent })
    } catch (error) {
      mistakes.push(mistakeOf(error, number, 1))
    }
  })
  return found
}

/** What is no mistake of the text is thrown on. */
function mistakeOf(error: unknown, line: number, column: number): Mistake {
  if (error instanceof TextMistake) return { line, column: error.column, message: error.message }
  if (error instanceof AssemblerError) return { line: error.place ?? line, column, message: error.message }
  throw error
}

/** One reading of all lines, with addresses of labels as the reading before left them. */
class Pass {
  readonly mistakes: Mistake[] = []
  /** An address was asked for where only a number will do. */
  asked = false
  readonly #lines: readonly Line[]
  readonly #known: Known
  readonly #limit: bigint
  readonly constants = new Map<string, Sum>()
  readonly #columns = new Map<number, number>()
  readonly #sections: string[]
  readonly #assembler: Assembler
  #codeSize: CodeSize
  #room: bigint
  #repetitions = mostRepetitions
  readonly #defined = new Set<string>()
  /** Names that are given a value somewhere. */
  readonly #named: ReadonlySet<string>

  constructor(lines: readonly Line[], known: Known, options: AssembleOptions) {
    const { limit = 1 << 26, codeSize = 64 } = options
    this.#lines = lines
    this.#known = known
    this.#limit = BigInt(limit)
    this.#room = this.#limit
    this.#codeSize = codeSize
    this.#named = new Set(lines.flatMap(({ tokens, parent }) => equated(tokens, parent)))
    this.#sections = [...new Set(lines.filter(hasStatement).map(({ section }) => section))]
    const origin = firstOrigin(lines) ?? toBigInt(options.origin ?? 0, 'origin')
    this.#assembler = assembler({ origin, codeSize, with: options.with ?? [] })
    this.#assembler.label('$begin')
    for (const section of this.#sections) this.#section(section)
    this.#assembler.label('$end')
  }

  #section(section: string): void {
    const lines = this.#lines.filter((line) => line.section === section)
    const begin = lines.findIndex(hasStatement)
    for (const [at, line] of lines.entries()) {
      if (at === begin) this.#assembler.label(`$${section}`)
      this.#line(line)
    }
    this.#assembler.label(`$${section}.end`)
  }

  #line(line: Line): void {
    const reader = new Reader(line.tokens)
    this.#assembler.mark(line.number)
    try {
      this.#assembler.label(`$${line.number}`)
      this.#assembler.bits(this.#codeSize)
      this.#statements(reader, line)
    } catch (error) {
      const column = this.#columns.get(line.number) ?? line.tokens[0]!.column
      this.mistakes.push(mistakeOf(error, line.number, column))
    }
  }

  #statements(reader: Reader, line: Line): void {
    const target = this.#target(line)
    if (reader.is('section') || reader.is('segment')) return section(reader, target)
    if (reader.next.kind === 'name' && reader.second.kind === 'punctuation' && reader.second.text === ':') {
      const { text, column } = reader.take()
      if (registerOf(text) !== undefined) throw reader.mistake(`a register is no label: ${text}`, column)
      this.#columns.set(line.number, column)
      this.#assembler.label(target.full(text))
      reader.take()
    }
    if (reader.second.kind === 'name' && reader.second.text.toLowerCase() === 'equ') return this.#equ(reader, target)
    this.#columns.set(line.number, reader.next.column)
    statement(reader, target)
  }

  #equ(reader: Reader, target: Target): void {
    const { text, column } = reader.take()
    reader.take()
    const name = target.full(text)
    if (this.constants.has(name)) throw reader.mistake(`a constant that exists: ${text}`, column)
    const sum = readSum(reader, target)
    this.constants.set(name, sum.registers.length > 0 ? sumOf(numberOf(reader, sum, target)) : sum)
    if (reader.next.kind !== 'end') throw reader.mistake(`nothing is expected here: ${reader.next.text}`)
  }

  #target({ number, section: name, parent }: Line): Target {
    const pass = this
    return {
      assembler: this.#assembler,
      here: `$${number}`,
      begin: `$${name}`,
      constant: (full) => this.#constant(full),
      full: (local) => (local.startsWith('.') ? parent + local : local),
      address(label) {
        pass.asked = true
        return pass.#known.labels.get(label) ?? 0n
      },
      setCodeSize(codeSize) {
        pass.#codeSize = codeSize
        pass.#assembler.bits(codeSize)
      },
      repeat: (reader, count) => this.#repeat(reader, count),
      take: (reader, bytes) => this.#take(reader, bytes),
      define: (label, value) => this.#define(label, value),
      moveTo: (address) => void this.#assembler.org(address),
    }
  }

  /** A constant, which may be defined further down: it has the value that it had in the reading before. */
  #constant(name: string): Sum | undefined {
    const sum = this.constants.get(name)
    if (sum !== undefined || !this.#named.has(name)) return sum
    this.asked = true
    return this.#known.constants.get(name) ?? sumOf(0n)
  }

  #repeat(reader: Reader, count: bigint): number {
    if (count > this.#repetitions) throw reader.mistake(`a program repeats at most ${mostRepetitions} times`)
    this.#repetitions -= count
    return Number(count)
  }

  #take(reader: Reader, bytes: bigint): number {
    if (bytes > this.#room) throw reader.mistake(`a program has at most ${this.#limit} bytes`)
    this.#room -= bytes
    return Number(bytes)
  }

  #define(name: string, value: bigint): void {
    if (this.#defined.has(name)) return
    this.#defined.add(name)
    this.#assembler.define(name, value)
  }

  /** The addresses of all labels, or nothing where one is missing, which is a mistake. */
  labels(): ReadonlyMap<string, bigint> | undefined {
    const labels = this.#guarded(() => this.#assembler.labels())
    if (labels === undefined || labels.get('$end')! - labels.get('$begin')! <= this.#limit) return labels
    this.mistakes.push({ line: 1, column: 1, message: `a program has at most ${this.#limit} bytes` })
    return undefined
  }

  finish(): Assembly {
    const program = this.#guarded(() => this.#assembler.finish())
    if (program === undefined) return failed(this.mistakes)
    const { bytes, origin, labels } = program
    const sections = this.#sections.map((name): Section => {
      const address = labels.get(`$${name}`)!
      return { name, address, size: Number(labels.get(`$${name}.end`)! - address) }
    })
    const named = new Map([...labels].filter(([name]) => !/^[$#]/.test(name)))
    return { kind: 'program', bytes, origin, labels: named, sections }
  }

  #guarded<T>(act: () => T): T | undefined {
    try {
      return act()
    } catch (error) {
      const line = error instanceof AssemblerError ? (error.place ?? 1) : 1
      this.mistakes.push(mistakeOf(error, line, this.#columns.get(line) ?? 1))
      return undefined
    }
  }
}

/** The name that a line gives a value. */
function equated([first, second]: readonly Token[], parent: string): readonly string[] {
  if (first?.kind !== 'name' || second?.kind !== 'name' || second.text.toLowerCase() !== 'equ') return []
  return [first.text.startsWith('.') ? parent + first.text : first.text]
}

const hasStatement = ({ tokens }: Line): boolean =>
  tokens[0]!.kind !== 'end' && !['section', 'segment'].includes(tokens[0]!.text.toLowerCase())

/** An ORG before everything else is where the program begins. */
function firstOrigin(lines: readonly Line[]): bigint | undefined {
  for (const { tokens } of lines) {
    const name = tokens[0]!.text.toLowerCase()
    if (name === 'org' && tokens[1]?.kind === 'number' && tokens[2]?.kind === 'end') return tokens[1].value
    const isQuiet = tokens[0]!.kind === 'end' || ['bits', 'use16', 'use32', 'use64', 'section'].includes(name)
    if (!isQuiet && tokens[1]?.text.toLowerCase() !== 'equ') return undefined
  }
  return undefined
}

/** `section .data align=16`: where it is aligned. */
function section(reader: Reader, target: Target): void {
  reader.take()
  const name = reader.take()
  if (name.kind !== 'name') throw reader.mistake('a section has a name', name.column)
  if (reader.accept('align')) {
    reader.expect('=')
    const boundary = numberOf(reader, readSum(reader, target), target)
    if (boundary < 1n || boundary > 1n << 30n) throw reader.mistake('not a boundary')
    target.assembler.align(Number(boundary))
  }
  if (reader.next.kind !== 'end') throw reader.mistake(`nothing is expected here: ${reader.next.text}`)
}
