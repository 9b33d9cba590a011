import { ByteWriter } from './byte-writer.ts'
import { type ValueType, valueTypes } from './opcodes.rows.ts'

/** What a function takes and gives. */
export interface FunctionType {
  readonly parameters: readonly ValueType[]
  readonly results: readonly ValueType[]
}

/** The body of a function: its locals after the parameters, and its code without the closing `end`. */
export interface FunctionBody {
  readonly locals: readonly ValueType[]
  readonly code: Uint8Array
  /** Which way branches are likely to go, in the order of the code. */
  readonly hints?: readonly BranchHint[]
}

/** `at` is where the opcode of an `if` or a `br_if` lies in the code; `taken` whether its condition is likely to hold. */
export interface BranchHint {
  readonly at: number
  readonly taken: boolean
}

interface Import {
  readonly module: string
  readonly name: string
  readonly write: (to: ByteWriter) => void
}

/**
 * A WebAssembly module in the making. Imports come first: function indices are given out in order of `importFunction`
 * and then `declare`. Source: WebAssembly Core 5.5.
 */
export class ModuleBuilder {
  readonly #types: FunctionType[] = []
  readonly #typeIndex = new Map<string, number>()
  readonly #imports: Import[] = []
  #importedFunctions = 0
  readonly #declared: number[] = []
  readonly #bodies: (FunctionBody | undefined)[] = []
  readonly #exports: { readonly name: string; readonly index: number }[] = []

  /** The index of a function type, shared by all who ask for the same one. */
  type(type: FunctionType): number {
    const key = `${type.parameters.join()}>${type.results.join()}`
    const known = this.#typeIndex.get(key)
    if (known !== undefined) return known
    this.#typeIndex.set(key, this.#types.length)
    return this.#types.push(type) - 1
  }

  /** Imports a function and gives its index. */
  importFunction(module: string, name: string, type: FunctionType): number {
    if (this.#declared.length > 0) throw new Error(`import ${module}.${name} comes after a declared function`)
    const index = this.type(type)
    this.#imports.push({
      module,
      name,
      write: (to) => {
        to.byte(0)
        to.unsigned(index)
      },
    })
    return this.#importedFunctions++
  }

  /** Imports the memory; pages of 64 KiB. */
  importMemory(module: string, name: string, limits: { initial: number; maximum: number; shared: boolean }): void {
    this.#imports.push({
      module,
      name,
      write: (to) => {
        to.byte(2)
        to.byte(limits.shared ? 3 : 1)
        to.unsigned(limits.initial)
        to.unsigned(limits.maximum)
      },
    })
  }

  /** Imports a table of functions. */
  importTable(module: string, name: string, initial: number): void {
    this.#imports.push({
      module,
      name,
      write: (to) => {
        to.byte(1)
        to.byte(valueTypes.funcref)
        to.byte(0)
        to.unsigned(initial)
      },
    })
  }

  /** Declares a function, to be defined before `finish`. Gives its index. */
  declare(type: FunctionType): number {
    this.#bodies.push(undefined)
    return this.#importedFunctions + this.#declared.push(this.type(type)) - 1
  }

  define(index: number, body: FunctionBody): void {
    this.#bodies[index - this.#importedFunctions] = body
  }

  export(name: string, index: number): void {
    this.#exports.push({ name, index })
  }

  /** Hints are a custom section before the code. Source: WebAssembly branch hinting proposal, "Branch Hints Section". */
  #writeHints(out: ByteWriter, bodies: readonly Written[]): void {
    const hinted = bodies.map(({ hints }, at) => ({ hints, index: at + this.#importedFunctions }))
    const some = hinted.filter(({ hints }) => hints.length > 0)
    if (some.length === 0) return
    section(out, 0, (to) => {
      to.name('metadata.code.branch_hint')
      list(to, some, ({ hints, index }) => {
        to.unsigned(index)
        list(to, hints, ({ at, taken }) => {
          to.unsigned(at)
          to.bytes([1, taken ? 1 : 0])
        })
      })
    })
  }

  /** The bytes of the module. Throws when a declared function was not defined: our own mistake. */
  finish(): Uint8Array<ArrayBuffer> {
    const out = new ByteWriter()
    out.bytes([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00])
    section(out, 1, (to) => list(to, this.#types, writeType))
    section(out, 2, (to) => list(to, this.#imports, writeImport))
    section(out, 3, (to) => list(to, this.#declared, (type) => to.unsigned(type)))
    section(out, 7, (to) =>
      list(to, this.#exports, ({ name, index }) => {
        to.name(name)
        to.byte(0)
        to.unsigned(index)
      }),
    )
    const bodies = this.#bodies.map((body, at) => bodyOf(body, at + this.#importedFunctions))
    this.#writeHints(out, bodies)
    section(out, 10, (to) => list(to, bodies, ({ bytes }) => writeSized(to, bytes)))
    return out.view().slice()

    function writeType({ parameters, results }: FunctionType, _at: number, to: ByteWriter): void {
      to.byte(0x60)
      list(to, parameters, (type) => to.byte(valueTypes[type]))
      list(to, results, (type) => to.byte(valueTypes[type]))
    }
    function writeImport({ module, name, write }: Import, _at: number, to: ByteWriter): void {
      to.name(module)
      to.name(name)
      write(to)
    }
  }
}

/** A body's bytes, and the hints in it by their place in these. */
interface Written {
  readonly bytes: Uint8Array
  readonly hints: readonly BranchHint[]
}

function section(out: ByteWriter, id: number, write: (to: ByteWriter) => void): void {
  const content = new ByteWriter()
  write(content)
  out.byte(id)
  out.unsigned(content.length)
  out.bytes(content.view())
}

function list<T>(to: ByteWriter, items: readonly T[], write: (item: T, at: number, to: ByteWriter) => void): void {
  to.unsigned(items.length)
  items.forEach((item, at) => void write(item, at, to))
}

function writeSized(to: ByteWriter, bytes: Uint8Array): void {
  to.unsigned(bytes.length)
  to.bytes(bytes)
}

function bodyOf(body: FunctionBody | undefined, index: number): Written {
  if (body === undefined) throw new Error(`function ${index} was declared and not defined`)
  const content = new ByteWriter()
  const runs = runsOf(body.locals)
  list(content, runs, ([type, count]) => {
    content.unsigned(count)
    content.byte(valueTypes[type])
  })
  const before = content.length
  content.bytes(body.code)
  content.byte(0x0b)
  const hints = (body.hints ?? []).map(({ at, taken }) => ({ at: before + at, taken }))
  return { bytes: content.view().slice(), hints }
}

function runsOf(types: readonly ValueType[]): [ValueType, number][] {
  const runs: [ValueType, number][] = []
  for (const type of types) {
    const last = runs.at(-1)
    if (last !== undefined && last[0] === type) last[1] += 1
    else runs.push([type, 1])
  }
  return runs
}
