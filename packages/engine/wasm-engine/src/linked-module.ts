import { type FunctionBody, type FunctionType, ModuleBuilder } from '@vmm/wasm-encoder'
import type { Code } from './emit/code.ts'
import { type Emitted, filled } from './emit/holes.ts'
import { functionOf } from './emit/write.ts'
import type { Linkage } from './handler-table.ts'
import type { Compiling } from './linked-interpreter.ts'
import { type RuntimeIndices, runtimeNames, runtimeTypes } from './runtime.ts'
import { type Table, wasm } from './webassembly.ts'

/** A function for a slot of a table. */
export interface Placed {
  readonly slot: number
  readonly type: FunctionType
  readonly make: (runtime: RuntimeIndices, also: Also) => Code
  /** What it was made to before. */
  readonly body?: Emitted | undefined
  /** What its holes are filled with, where it has any. */
  readonly values?: readonly number[]
}

/** Gives the index of another function of the module, which is made if it is the first to be asked for by that name. */
export type Also = (name: string, type: FunctionType, make: () => Code) => number

/** Where functions go and what they are linked to. */
export interface Placing {
  readonly into: Table
  readonly linkage: Linkage
  /** Whether the functions call through the machine's tables, which have the numbers there that they have in the interpreter. */
  readonly callsThroughTables: boolean
  readonly compiling: Compiling | undefined
  /** Types that have their numbers in every module alike, so that bodies may be moved to another. */
  readonly types?: ModuleTypes
  /** What the functions were compiled to before. */
  readonly known?: Compiled
  /** Told of the bodies of functions that were made, by their positions. */
  readonly made?: (position: number, body: Emitted) => void
}

/** Types of functions by what they are, in the order that modules know them. */
export type ModuleTypes = Map<string, FunctionType>

/** Functions in a module, which any machine of their kind can be linked to. */
export interface Compiled {
  readonly module: object
  /** How long it is. */
  readonly bytes: number
}

/** Compiles functions in one module that is linked to the interpreter, puts them in their slots, and counts what that took. */
export function placeFunctions(functions: readonly Placed[], placing: Placing): Compiled {
  const { into, linkage, compiling } = placing
  const since = compiling?.clock() ?? 0
  const compiled = placing.known ?? compiledFrom(moduleOf(functions, placing))
  const exports = instanceOf(compiled.module, linkage)
  for (const [position, { slot }] of functions.entries()) into.set(slot, exports[`${position}`])
  if (compiling === undefined) return compiled
  // what was known is counted, too: what a machine counts is its own
  const { counting, clock } = compiling
  counting.modules += 1
  counting.moduleBytes += compiled.bytes
  counting.compileMilliseconds += clock() - since
  return compiled
}

const compiledFrom = (bytes: Uint8Array<ArrayBuffer>): Compiled => ({
  module: new wasm.Module(bytes),
  bytes: bytes.length,
})

/** A function alone, which calls those of the runtime at most. */
export function functionFrom(linkage: Linkage, type: FunctionType, make: (runtime: RuntimeIndices) => Code): unknown {
  const { builder, runtime, typeOf } = begun(linkage, false, new Map())
  const index = builder.declare(type)
  builder.define(index, functionOf(make(runtime), type.parameters.length, typeOf))
  builder.export('it', index)
  return linked(builder.finish(), linkage)['it']
}

/** What a module has that is linked to the interpreter. */
export function linked(bytes: Uint8Array<ArrayBuffer>, linkage: Linkage): Readonly<Record<string, unknown>> {
  return instanceOf(new wasm.Module(bytes), linkage)
}

function instanceOf(module: object, { memory, table, regions, exports }: Linkage): Readonly<Record<string, unknown>> {
  const interpreter = { ...exports, memory, table, ...(regions && { regions }) }
  return new wasm.Instance(module, { interpreter }).exports
}

/** A module of functions that were made for others, by the names that it is to have them by. */
export function gathered(
  functions: readonly { readonly name: string; readonly type: FunctionType; readonly body: FunctionBody }[],
  linkage: Linkage,
  types: ModuleTypes,
): Uint8Array<ArrayBuffer> {
  const { builder } = begun(linkage, true, types)
  for (const { name, type, body } of functions) {
    const index = builder.declare(type)
    builder.define(index, body)
    builder.export(name, index)
  }
  return builder.finish()
}

/** A module with nothing but what it is linked to. */
function begun({ pages, table, regions }: Linkage, tables: boolean, types: ModuleTypes) {
  const builder = new ModuleBuilder()
  builder.importMemory('interpreter', 'memory', { ...pages, shared: true })
  if (tables) builder.importTable('interpreter', 'table', table.length)
  if (tables && regions !== undefined) builder.importTable('interpreter', 'regions', regions.length)
  const runtime = Object.fromEntries(
    runtimeNames.map((name) => [name, builder.importFunction('interpreter', name, runtimeTypes[name])]),
  ) as unknown as RuntimeIndices
  for (const type of types.values()) builder.type(type)
  const typeOf = (type: FunctionType): number => {
    types.set(`${type.parameters.join()}>${type.results.join()}`, type)
    return builder.type(type)
  }
  return { builder, runtime, typeOf }
}

function moduleOf(functions: readonly Placed[], { linkage, callsThroughTables, types, made }: Placing) {
  const { builder, runtime, typeOf } = begun(linkage, callsThroughTables, types ?? new Map())
  const added = (type: FunctionType, body: FunctionBody): number => {
    typeOf(type)
    const index = builder.declare(type)
    builder.define(index, body)
    return index
  }
  const bodyOf = (type: FunctionType, code: Code) => functionOf(code, type.parameters.length, typeOf)
  const others = new Map<string, number>()
  const also: Also = (name, type, make) => {
    const index = others.get(name) ?? added(type, bodyOf(type, make()))
    others.set(name, index)
    return index
  }
  for (const [position, { make, type, body: before, values = [] }] of functions.entries()) {
    const body = before ?? bodyOf(type, make(runtime, also))
    builder.export(`${position}`, added(type, filled(body, values)))
    if (before === undefined) made?.(position, body)
  }
  return builder.finish()
}
