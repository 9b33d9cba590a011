import { walk } from '@vmm/x86-paging'
import { anyMode, type Instruction } from '@vmm/x86-semantics'
import { HandlerTable } from './handler-table.ts'
import { inlineHandlers } from './inline-handlers.ts'
import { type Counts, firstHandler } from './interpreter/run.ts'
import { interpreterModule } from './interpreter-module.ts'
import type { MemoryMap } from './memory-map.ts'
import { hotOfLongMode, longMode, ModeLoops, slotsOfLoops } from './mode-loops.ts'
import type { importTypes } from './runtime.ts'
import { StateView } from './state-view.ts'
import { type Memory, type Table, wasm } from './webassembly.ts'

const tableSize = 16384
const wasmPageBytes = 65536

/** What the interpreter module asks of TypeScript. */
export type Imports = Readonly<Record<keyof typeof importTypes, (...values: never[]) => unknown>>

/** Functions of the interpreter module that TypeScript calls. */
export interface Entry {
  run(cpu: number, block: number): number
  modeChanged(cpu: number): void
  materialize(cpu: number): number
  hostOf(address: bigint): [host: number, flags: number]
  fill(cpu: number, record: number, tlb: number, linear: bigint, kind: number): number
}

/** The interpreter over one machine's memory, with the table that its handlers are called through. */
export interface LinkedInterpreter {
  readonly entry: Entry
  readonly table: Table
  readonly handlers: HandlerTable
  readonly loops: ModeLoops
}

const limits = (map: MemoryMap) => {
  const pages = Math.ceil(map.bytes / wasmPageBytes)
  return { initial: pages, maximum: pages }
}

/** Linear memory that has room for all of a map. */
export const linearMemory = (map: MemoryMap): Memory => new wasm.Memory({ ...limits(map), shared: true })

/** Emits and compiles the interpreter module, with the hot handlers inside, and links it to TypeScript. */
export function linkInterpreter(
  map: MemoryMap,
  memory: Memory,
  imports: Imports,
  {
    counts,
    instructions,
  }: { readonly counts: Counts; readonly instructions: ReadonlyMap<string, Instruction> | undefined },
): LinkedInterpreter {
  const table = new wasm.Table({ element: 'anyfunc', initial: tableSize })
  const walkSlot = slotsOfLoops
  const handlers = new HandlerTable(walkSlot, tableSize, instructions)
  // the first procedure gets the first slot
  handlers.procedure(walk as never, anyMode)
  const inline = inlineHandlers(hotOfLongMode, handlers, { word: longMode, first: firstHandler })
  const [pages, memoryBase] = [limits(map), map.memoryBase]
  const bytes = interpreterModule({
    map,
    pages,
    tableSize,
    walkSlot,
    counts,
    inline: (runtime) =>
      inline({ runtime, memoryBase, procedureSlot: (procedure, mode) => handlers.procedure(procedure, mode) }),
  })
  const instance = new wasm.Instance(new wasm.Module(bytes), { interpreter: { memory, table, ...imports } })
  handlers.link({ memory, pages, table, exports: { ...imports, ...instance.exports }, memoryBase })
  handlers.flush()
  const loops = new ModeLoops(handlers, new StateView(map.vcpu, memory.buffer), counts, map.blocks)
  return { entry: instance.exports as unknown as Entry, table, handlers, loops }
}
