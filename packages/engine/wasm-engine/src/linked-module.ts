import { type FunctionType, ModuleBuilder } from '@vmm/wasm-encoder'
import type { Code } from './emit/code.ts'
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
}

/** Compiles functions in one module that is linked to the interpreter, puts them in their slots, and counts what that took. Gives its bytes. */
export function placeFunctions(functions: readonly Placed[], placing: Placing): number {
  const { into, linkage, callsThroughTables, compiling } = placing
  const since = compiling?.clock() ?? 0
  const bytes = moduleOf(functions, linkage, callsThroughTables)
  const { memory, table, regions, exports } = linkage
  const imports = { ...exports, memory, table, ...(regions && { regions }) }
  const instance = new wasm.Instance(new wasm.Module(bytes), { interpreter: imports })
  for (const [position, { slot }] of functions.entries()) into.set(slot, instance.exports[`${position}`])
  if (compiling === undefined) return bytes.length
  const { counting, clock } = compiling
  counting.modules += 1
  counting.moduleBytes += bytes.length
  counting.compileMilliseconds += clock() - since
  return bytes.length
}

function moduleOf(functions: readonly Placed[], { pages, table, regions }: Linkage, tables: boolean) {
  const builder = new ModuleBuilder()
  builder.importMemory('interpreter', 'memory', { ...pages, shared: true })
  if (tables) builder.importTable('interpreter', 'table', table.length)
  if (tables && regions !== undefined) builder.importTable('interpreter', 'regions', regions.length)
  const runtime = Object.fromEntries(
    runtimeNames.map((name) => [name, builder.importFunction('interpreter', name, runtimeTypes[name])]),
  ) as unknown as RuntimeIndices
  const added = (type: FunctionType, make: () => Code): number => {
    const index = builder.declare(type)
    const body = functionOf(make(), type.parameters.length, (other) => builder.type(other))
    builder.define(index, body)
    return index
  }
  const others = new Map<string, number>()
  const also: Also = (name, type, make) => {
    const index = others.get(name) ?? added(type, make)
    others.set(name, index)
    return index
  }
  // by their positions: modules of the same functions are the same for all threads, which V8 compiles once
  for (const [position, { make, type }] of functions.entries())
    builder.export(
      `${position}`,
      added(type, () => make(runtime, also)),
    )
  return builder.finish()
}
