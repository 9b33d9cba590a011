import { BlockCache } from './block-cache.ts'
import { type HotOptions, Regions } from './hot/regions.ts'
import { KeptRegions } from './kept-regions.ts'
import {
  type Imports,
  type InterpreterKind,
  type LinkedInterpreter,
  linkInterpreter,
  nameOf,
} from './linked-interpreter.ts'
import { Templates } from './passing/templates.ts'
import type { Together } from './threads/together.ts'
import type { Memory } from './webassembly.ts'

/** What runs a machine's processors, and the code that was decoded for them. */
export interface MachineCode {
  readonly interpreter: LinkedInterpreter
  readonly blocks: BlockCache
  /** What emitted code decodes by, where it does. */
  readonly templates: Templates | undefined
  /** Compiled code, if code becomes hot. */
  readonly regions: Regions | undefined
}

interface Around {
  readonly memory: Memory
  readonly imports: Imports
  readonly kind: InterpreterKind
  /** When code becomes hot, where it does. */
  readonly hot: HotOptions | false
  readonly together: Together | undefined
  guard(page: number): void
  dropped(): void
}

/** Makes it, of no code yet. */
export function machineCode({ memory, imports, kind, hot, together, guard, dropped }: Around): MachineCode {
  const interpreter = linkInterpreter(memory, imports, kind)
  const { map, counting, clock } = kind
  const { buffer } = memory
  const handlers = interpreter.handlers
  const templates = map.passing && new Templates({ map: map.passing, bytes: new Uint8Array(buffer), handlers })
  const forget = () => {
    templates?.forget()
    dropped()
  }
  const blocks = new BlockCache(map, buffer, interpreter, guard, forget, counting)
  blocks.together = together
  blocks.templates = templates
  const { regions: table, linkage } = interpreter
  if (!kind.hot || hot === false || table === undefined) return { interpreter, blocks, templates, regions: undefined }
  const { emitted, instructions } = kind
  const kept = emitted && instructions === undefined ? new KeptRegions(emitted, nameOf(kind)) : undefined
  const regions = new Regions(hot, { table, linkage, blocks, buffer, counting, clock, kept })
  blocks.regions = regions
  return { interpreter, blocks, templates, regions }
}
