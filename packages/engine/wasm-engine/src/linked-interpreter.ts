import { walk } from '@vmm/x86-paging'
import { anyMode, type Instruction } from '@vmm/x86-semantics'
import type { EmittedCode } from './emitted-code.ts'
import type { Counting } from './engine-statistics.ts'
import { HandlerTable, type Linkage } from './handler-table.ts'
import { inlineHandlers } from './inline-handlers.ts'
import { type Counts, firstHandler } from './interpreter/run.ts'
import { interpreterModule } from './interpreter-module.ts'
import { KeptHandlers } from './kept-handlers.ts'
import { KnownBatches } from './known-batches.ts'
import { type MemoryMap, memoryMap } from './memory-map.ts'
import { bareLoopSlot, hotOfLongMode, longMode, ModeLoops, slotsOfLoops } from './mode-loops.ts'
import type { importTypes } from './runtime.ts'
import { type Memory, type Table, wasm } from './webassembly.ts'

const tableSize = 16384
const regionSlots = 8192
export const wasmPageBytes = 65536
/** Linear memory is never smaller than what every machine has, and may grow as far as addresses reach. */
const pages = { initial: memoryMap.memoryBase / wasmPageBytes, maximum: 65536 } as const
const walkSlot = slotsOfLoops

/** What the interpreter module asks of TypeScript. */
export type Imports = Readonly<Record<keyof typeof importTypes, (...values: never[]) => unknown>>

/** Functions of the interpreter module that TypeScript calls. */
export interface Entry {
  run(cpu: number, block: number): number
  modeChanged(cpu: number): void
  materialize(cpu: number): number
  pass(cpu: number, host: number, mode: number): number
  draft(host: number, mode: number, block: number, count: number, offset: number): number
  hostOf(cpu: number, address: bigint): [host: number, flags: number]
  fill(cpu: number, record: number, tlb: number, linear: bigint, kind: number): number
}

/** The interpreter over one machine's memory, with the table that its handlers are called through. */
export interface LinkedInterpreter {
  readonly entry: Entry
  readonly table: Table
  readonly handlers: HandlerTable
  readonly loops: ModeLoops
  /** What other modules are linked to. */
  readonly linkage: Linkage
  /** The table of regions, if blocks become hot. */
  readonly regions: Table | undefined
}

/** Who counts what is compiled, and the host's clock, if there is one. */
export interface Compiling {
  readonly counting: Counting
  readonly clock: () => number
}

/** What an interpreter is made for. */
export interface InterpreterKind extends Compiling {
  readonly counts: Counts
  /** Whether blocks become hot. */
  readonly hot: boolean
  readonly map: MemoryMap
  readonly emitted: EmittedCode | undefined
  /** Other descriptions than those of x86-semantics. */
  readonly instructions: ReadonlyMap<string, Instruction> | undefined
}

/**
 * Linear memory with room for so much of guests and processors: as long as that is, and it can grow.
 * @throws {RangeError} if there is no such memory.
 */
export function linearMemory(end: number): Memory {
  const behindTables = Math.max(0, Math.ceil(end / wasmPageBytes) - pages.initial)
  const memory = new wasm.Memory({ initial: behindTables, maximum: pages.maximum, shared: true })
  // V8 collects all garbage when so much memory was begun with, and of the tables before guest memory little is ever written
  memory.grow(pages.initial)
  return memory
}

/** Links the interpreter module, with the hot handlers inside, to one machine's memory and to TypeScript. */
export function linkInterpreter(memory: Memory, imports: Imports, kind: InterpreterKind): LinkedInterpreter {
  const table = new wasm.Table({ element: 'anyfunc', initial: tableSize })
  const handlers = new HandlerTable(walkSlot, tableSize, kind.instructions, kind, kind.map.shared !== undefined)
  // the first procedure gets the first slot
  handlers.procedure(walk as never, anyMode)
  const module = interpreterFor(kind, handlers)
  const regions = kind.hot ? new wasm.Table({ element: 'anyfunc', initial: regionSlots }) : undefined
  const tables = { table, ...(regions && { regions }) }
  const instance = new wasm.Instance(module, { interpreter: { memory, ...tables, ...imports } })
  table.set(bareLoopSlot, instance.exports['bareLoop'])
  const { memoryBase, shared } = kind.map
  const threads = shared !== undefined
  const linkage = { memory, pages, table, regions, exports: { ...imports, ...instance.exports }, memoryBase, threads }
  const { emitted } = kind
  if (kind.instructions !== undefined) handlers.link(linkage, {})
  else if (emitted === undefined) handlers.link(linkage, { known: new KnownBatches(nameOf(kind)) })
  else handlers.link(linkage, { kept: new KeptHandlers(emitted, nameOf(kind), linkage) })
  handlers.flush()
  const loops = new ModeLoops(handlers, { counts: kind.counts, map: kind.map, regions: kind.hot })
  const entry = instance.exports as unknown as Entry
  return { entry, table, handlers, loops, linkage, regions }
}

/** Modules of our own descriptions, which are the same for all machines of a process. */
const compiled = new Map<string, object>()

/** What a module's kind is called: those of one name are the same. */
export function nameOf({ counts, hot, map: { shared, blocks, memoryBase } }: InterpreterKind): string {
  const usual = `${counts} ${hot}`
  if (shared === undefined) return usual
  return [usual, memoryBase, shared.coders, blocks.from - shared.area, blocks.to - shared.area].join(' ')
}

/** The module of a kind, whose slots, and those of what its handlers call, are taken in `handlers`. */
function interpreterFor(kind: InterpreterKind, handlers: HandlerTable): object {
  const name = nameOf(kind)
  const isUsual = kind.instructions === undefined
  const known = isUsual ? compiled.get(name) : undefined
  const inline = inlineHandlers(hotOfLongMode, handlers, { word: longMode, first: firstHandler })
  if (known !== undefined) return known
  const found = isUsual ? kind.emitted?.find(`interpreter ${name}`) : undefined
  const bytes = found ?? emitInterpreter(kind, handlers, inline)
  if (isUsual && found === undefined) kind.emitted?.keep(`interpreter ${name}`, bytes)
  const module = new wasm.Module(bytes)
  if (isUsual) compiled.set(name, module)
  return module
}

function emitInterpreter(
  kind: InterpreterKind,
  handlers: HandlerTable,
  inline: ReturnType<typeof inlineHandlers>,
): Uint8Array<ArrayBuffer> {
  return interpreterModule({
    map: kind.map,
    pages,
    tableSize,
    walkSlot,
    counts: kind.counts,
    regionSlots: kind.hot ? regionSlots : 0,
    inline: (runtime) =>
      inline({
        runtime,
        memoryBase: kind.map.memoryBase,
        threads: kind.map.shared !== undefined,
        procedureSlot: (...procedure) => handlers.procedure(...procedure),
      }),
  })
}
