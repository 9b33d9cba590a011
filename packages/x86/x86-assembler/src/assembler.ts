import type { CodeSize } from '@vmm/x86-decoder'
import { type Chosen, chooseEncoding, chooseFor } from './choose.ts'
import type { Fixup, Modifiers } from './encode.ts'
import { AssemblerError } from './error.ts'
import { type AnyMnemonic, allNames, formOfRow } from './forms.ts'
import { type Item, labelsOf, layOut, type Program } from './layout.ts'
import { inSigned } from './match.ts'
import { type LabelReference, type Numeric, type Operand, placeOf, plainOperand, toBigInt } from './operand.ts'

/** Where a program begins and in what mode. */
export interface AssemblerOptions {
  /** Address of the first byte. */
  readonly origin?: Numeric
  readonly codeSize?: CodeSize
  /** CPUID features whose instructions are assembled because they are asked for: `APX_F`, with R16 to R31. */
  readonly with?: readonly 'APX_F'[]
}

/** The instructions as methods, in lower case: `a.mov(rax, 1)`, `a.jmp('loop')`. */
export type InstructionMethods = {
  readonly [M in Lowercase<AnyMnemonic>]: (...operands: readonly Operand[]) => Assembler
}

/** A program in the making: instructions, labels and data in order. Methods return it again. */
export type Assembler = Builder & InstructionMethods

/** Begins a program: at address 0 and in 64-bit code unless told otherwise. */
export function assembler(options: AssemblerOptions = {}): Assembler {
  installInstructions()
  return new Builder(options) as Assembler
}

function refuse(message: string, given: unknown): never {
  throw new AssemblerError(message, { given: String(given) })
}

/** Who writes without types may give anything. */
function codeSizeOf(codeSize: CodeSize): CodeSize {
  return codeSize === 16 || codeSize === 32 || codeSize === 64
    ? codeSize
    : refuse('code size: expected 16, 32 or 64', codeSize)
}

/** Builds a program item by item. */
export class Builder {
  readonly #origin: bigint
  readonly #items: Item[] = []
  readonly #labels = new Set<string>()
  readonly #extended: boolean
  #codeSize: CodeSize
  #modifiers: Modifiers = {}
  #unique = 0
  #place: number | undefined

  constructor({ origin = 0, codeSize = 64, with: features = [] }: AssemblerOptions) {
    for (const name of features) if (name !== 'APX_F') refuse("with: expected 'APX_F'", name)
    this.#extended = features.includes('APX_F')
    this.#origin = toBigInt(origin, 'origin')
    if (this.#origin < 0n || this.#origin >> 64n !== 0n) refuse('origin: expected an address of 64 bits', this.#origin)
    this.#codeSize = codeSizeOf(codeSize)
  }

  /** Code after this is 16-, 32- or 64-bit code. */
  bits(codeSize: CodeSize): this {
    this.#codeSize = codeSizeOf(codeSize)
    return this
  }

  /** Gives the present address a name. */
  label(name: string): this {
    if (this.#labels.has(name)) throw new AssemblerError('a label that exists', { given: name })
    this.#labels.add(name)
    this.#items.push({ kind: 'label', name, place: this.#place })
    return this
  }

  /** A label that is a number: an address that is elsewhere, or a constant. */
  define(name: string, value: Numeric): this {
    if (this.#labels.has(name)) throw new AssemblerError('a label that exists', { given: name })
    this.#labels.add(name)
    this.#items.push({ kind: 'equ', name, value: toBigInt(value, name) })
    return this
  }

  /** What follows comes from this place of a text: a mistake that addresses make says so. */
  mark(place: number): this {
    this.#place = place
    return this
  }

  /** A label name that is not used yet, for code that is built more than once. */
  unique(prefix = 'label'): string {
    this.#unique += 1
    return `${prefix}.${this.#unique}`
  }

  /** One instruction by its mnemonic, in the shortest encoding. */
  emit(mnemonic: AnyMnemonic, ...operands: readonly Operand[]): this {
    return this.#instruction((context) => chooseEncoding(mnemonic, operands.map(plainOperand), context))
  }

  /** One instruction by its row: an index into `rows` of x86-opcodes. */
  emitRow(row: number, ...operands: readonly Operand[]): this {
    return this.#instruction((context) => chooseFor(formOfRow(row), operands.map(plainOperand), context))
  }

  #instruction(choose: (context: Parameters<typeof chooseEncoding>[2]) => Chosen): this {
    const modifiers = this.#modifiers
    this.#modifiers = {}
    // labels are taken to lie within 16 MiB of the origin; what does not fit is refused at the end
    const lowLabels = this.#codeSize !== 64 || inSigned(this.#origin + 0x100_0000n, 32)
    const { encoding, near } = choose({ codeSize: this.#codeSize, lowLabels, modifiers, extended: this.#extended })
    this.#items.push(
      near === undefined
        ? { kind: 'code', encoding, place: this.#place }
        : { kind: 'branch', short: encoding, near, grown: false, place: this.#place },
    )
    return this
  }

  /** What the next instruction has besides its operands. */
  with(modifiers: Modifiers): this {
    this.#modifiers = { ...this.#modifiers, ...modifiers }
    return this
  }

  /** The next instruction has a LOCK prefix. */
  lock(): this {
    return this.with({ lock: true })
  }

  /** The next instruction has a REP prefix. */
  rep(): this {
    return this.with({ rep: 'rep' })
  }

  /** The next instruction has a REPE prefix. */
  repe(): this {
    return this.with({ rep: 'repe' })
  }

  /** The next instruction has a REPNE prefix. */
  repne(): this {
    return this.with({ rep: 'repne' })
  }

  /** Bytes as they are. */
  bytes(bytes: Iterable<number>): this {
    this.#items.push({ kind: 'code', encoding: { bytes: [...bytes], fixups: [] } })
    return this
  }

  /** Bytes: numbers, or text in UTF-8. */
  db(...values: readonly (Numeric | string)[]): this {
    for (const value of values) {
      if (typeof value === 'string') this.bytes(utf8(value))
      else this.#data(1, value)
    }
    return this
  }

  /** 16-bit words: numbers, or labels' addresses. */
  dw(...values: readonly (Numeric | string | LabelReference)[]): this {
    for (const value of values) this.#data(2, value)
    return this
  }

  /** 32-bit words: numbers, or labels' addresses. */
  dd(...values: readonly (Numeric | string | LabelReference)[]): this {
    for (const value of values) this.#data(4, value)
    return this
  }

  /** 64-bit words: numbers, or labels' addresses. */
  dq(...values: readonly (Numeric | string | LabelReference)[]): this {
    for (const value of values) this.#data(8, value)
    return this
  }

  #data(bytes: Fixup['bytes'], value: Numeric | string | LabelReference): void {
    const fixup: Fixup = { at: 0, bytes, value: placeOf(value), relative: false, signed: false }
    this.#items.push({
      kind: 'code',
      encoding: { bytes: new Array<number>(bytes).fill(0), fixups: [fixup] },
      place: this.#place,
    })
  }

  /** So many bytes of one value. */
  space(count: number, fill = 0): this {
    return this.bytes(new Uint8Array(count).fill(fill))
  }

  /** Fills up to a multiple of `boundary`. */
  align(boundary: number, fill = 0): this {
    if (!Number.isSafeInteger(boundary) || boundary < 1)
      throw new AssemblerError('not a boundary', { given: `align ${boundary}` })
    this.#items.push({ kind: 'align', boundary, fill, place: this.#place })
    return this
  }

  /** Fills up to an address, which must not be behind. */
  org(address: Numeric, fill = 0): this {
    this.#items.push({ kind: 'org', address: toBigInt(address, 'org'), fill, place: this.#place })
    return this
  }

  /** Where every label is as things stand, whether or not all that refers to them fits. */
  labels(): ReadonlyMap<string, bigint> {
    return labelsOf(this.#items, this.#origin)
  }

  /** The bytes, with every label in its place. Can be asked again after more was added. */
  finish(): Program {
    return layOut(this.#items, this.#origin)
  }
}

/** Text as UTF-8. Spelt out because no type library of the language itself has TextEncoder. */
function utf8(text: string): number[] {
  return [...text].flatMap((character) => {
    const code = character.codePointAt(0)!
    if (code < 0x80) return [code]
    const tail = (shift: number) => 0x80 | ((code >> shift) & 0x3f)
    if (code < 0x800) return [0xc0 | (code >> 6), tail(0)]
    if (code < 0x1_0000) return [0xe0 | (code >> 12), tail(6), tail(0)]
    return [0xf0 | (code >> 18), tail(12), tail(6), tail(0)]
  })
}

let installed = false

/** Gives the builder a method for every mnemonic, once and not at import. */
function installInstructions(): void {
  if (installed) return
  installed = true
  for (const name of allNames()) {
    Object.defineProperty(Builder.prototype, name.toLowerCase(), {
      value(this: Builder, ...operands: readonly Operand[]): Builder {
        return this.emit(name as AnyMnemonic, ...operands)
      },
    })
  }
}
