import type { FunctionType } from '@vmm/wasm-encoder'
import type { Decoded } from '@vmm/x86-decoder'
import { type Instruction, instructions, type Mode, type Procedure } from '@vmm/x86-semantics'
import type { Code } from './emit/code.ts'
import { emitProcedure, type HandlerSpec, handlerFunction, procedureType, type Surroundings } from './handler.ts'
import { nativeBytes } from './hot/code-room.ts'
import type { KeptHandlers } from './kept-handlers.ts'
import type { Called, KnownBatches } from './known-batches.ts'
import type { Compiling } from './linked-interpreter.ts'
import { type Compiled, placeFunctions } from './linked-module.ts'
import { handlerType, type RuntimeIndices } from './runtime.ts'
import { factsOf, type ShapeFacts } from './shape-facts.ts'
import { ShapeMap } from './shape-map.ts'
import { addressFormOf, shapeKey } from './shapes.ts'
import type { Memory, Table } from './webassembly.ts'

type Sized = 8 | 16 | 32 | 64
type AnyProcedure = Procedure<readonly Sized[], readonly Sized[]>

/** What block building needs to know of one shape of instruction. */
export interface Shape extends ShapeFacts {
  /** The first encoding that was met: what a list of hot handlers is made of. */
  readonly sample: string
  /** Table slots of the handler, and of the one that computes no flags; -1 until made. */
  slot: number
  slotDead: number
  /** Slots of handlers for it and another one behind it. */
  pairs: ReadonlyMap<Shape, number> | undefined
}

/** A function that has its slot and will be compiled with the next batch. What it does follows from its name. */
interface Pending {
  readonly slot: number
  readonly name: string
  readonly type: FunctionType
  readonly make: (around: Surroundings) => Code
}

/** What handlers are linked to. */
export interface Linkage {
  readonly memory: Memory
  readonly pages: { readonly initial: number; readonly maximum: number }
  readonly table: Table
  /** The table of regions, if blocks become hot. */
  readonly regions: Table | undefined
  readonly exports: Readonly<Record<string, unknown>>
  readonly memoryBase: number
  /** Whether other processors run at the same time. */
  readonly threads: boolean
}

/** More than the handlers of a block, and the procedures that they are the first to call. */
const spareSlots = 512

/** More than the decoder has, and those of bytes that are no instruction. */
const rows = 4096

/** Bytes of native code that handlers may come to, all together. */
const bytesAtMost = 24 * 2 ** 20

/** Handlers by shape: compiled in batches when a block first needs them, and kept. */
export class HandlerTable {
  #linkage: Linkage | undefined
  readonly #shapes = new ShapeMap<Shape>()
  readonly #procedures = new Map<string, number>()
  readonly #pairs = new Map<Shape, Map<Shape, number>>()
  readonly #pending: Pending[] = []
  readonly #firstSlot: number
  readonly #slots: number
  readonly #instructions: ReadonlyMap<string, Instruction>
  /** By the row of the decoder's that it was found by. */
  readonly #lastOfRow = new Array<Instruction | undefined>(rows).fill(undefined)
  #nextSlot: number
  /** Of native code, as far as can be told. */
  #bytes = 0
  readonly #threads: boolean
  readonly #compiling: Compiling | undefined
  /** Slots of procedures that are taken: of earlier starts, and those that there were when the handlers were last dropped. */
  #taken: ReadonlySet<number> = new Set()
  #kept: KeptHandlers | undefined
  #known: KnownBatches | undefined

  /** With `threads`, LOCK is for other processors, too. Slots below `firstSlot` are the run loop's own; the table has `slots` of them. `described`: other descriptions than ours. */
  constructor(
    firstSlot: number,
    slots: number,
    described: ReadonlyMap<string, Instruction> = instructions,
    compiling?: Compiling,
    threads = false,
  ) {
    this.#threads = threads
    this.#compiling = compiling
    this.#instructions = described
    this.#firstSlot = firstSlot
    this.#slots = slots
    this.#nextSlot = firstSlot
  }

  /**
   * Drops every handler but the run loop's own if there may be too few slots for another block, or too much code. True if it did: blocks name
   * handlers, so they must go too.
   */
  makeRoom(): boolean {
    if (this.#nextSlot <= this.#slots - spareSlots && this.#bytes <= bytesAtMost) return false
    this.#bytes = 0
    const paired = new Set([...this.#pairs].flatMap(([first, seconds]) => [first, ...seconds.keys()]))
    for (const shape of this.#shapes.values()) {
      if (shape.slot >= this.#firstSlot) shape.slot = -1
      if (shape.slotDead >= this.#firstSlot) shape.slotDead = -1
    }
    this.#shapes.keep((shape) => shape.slot >= 0 || shape.slotDead >= 0 || paired.has(shape))
    this.#taken = new Set(this.#procedures.values())
    for (let slot = this.#firstSlot; slot < this.#nextSlot; slot += 1)
      if (!this.#taken.has(slot)) this.#linkage?.table.set(slot, null)
    this.#nextSlot = this.#firstSlot
    return true
  }

  /** From here on handlers can be compiled, but for those that were `kept`, or are `known` to this process. */
  link(linkage: Linkage, { kept, known }: { readonly kept?: KeptHandlers; readonly known?: KnownBatches }): void {
    this.#linkage = linkage
    this.#known = known
    this.#kept = kept
    if (kept === undefined) return
    this.#bytes += nativeBytes(kept.bytes)
    // what is kept calls procedures by their slots
    for (const [, slot, key] of [...kept.names].flatMap((name) => [/^procedure (\d+) (.*)$/.exec(name) ?? []])) {
      if (slot === undefined || key === undefined) continue
      this.#procedures.set(key, Number(slot))
      linkage.table.set(Number(slot), kept.find(`procedure ${slot} ${key}`))
    }
    this.#taken = new Set(this.#procedures.values())
    for (const pending of this.#pending.splice(0)) this.#ask(pending)
  }

  /** Gives a shape a slot that the run loop answers itself. */
  inline(shape: Shape, flagsDead: boolean, slot: number): HandlerSpec {
    this.#reserve(shape)
    if (flagsDead) shape.slotDead = slot
    else shape.slot = slot
    return { ...shape.spec, flagsDead }
  }

  /** Gives two shapes that follow each other, all their flags alive, a slot that the run loop answers itself. */
  inlinePair(first: Shape, second: Shape, slot: number): readonly [HandlerSpec, HandlerSpec] {
    for (const shape of [first, second]) this.#reserve(shape)
    const seconds = this.#pairs.get(first) ?? new Map<Shape, number>()
    this.#pairs.set(first, seconds.set(second, slot))
    first.pairs = seconds
    return [first.spec, second.spec]
  }

  /** The slot of a handler for both, or undefined. */
  pair(first: Shape, second: Shape): number | undefined {
    return first.pairs?.get(second)
  }

  /** What a handler calls gets its slots before the handler is emitted. */
  #reserve({ spec }: Shape): void {
    for (const procedure of spec.effects.procedures) this.procedure(procedure, spec.mode)
  }

  /** A function for a slot below the first, compiled by the next `flush`. */
  place(slot: number, type: FunctionType, make: Pending['make']): void {
    this.#ask({ slot, name: `loop ${slot}`, type, make })
  }

  /** Every shape met so far. */
  get shapes(): Iterable<Shape> {
    return this.#shapes.values()
  }

  /** The description of a decoded instruction. */
  described({ mnemonic, row }: Decoded): Instruction | undefined {
    const last = this.#lastOfRow[row]
    if (last?.mnemonic === mnemonic) return last
    const found = this.#instructions.get(mnemonic)
    this.#lastOfRow[row] = found
    return found
  }

  /** The shape of a decoded instruction, its immediate read where it lies if that has `liveBytes`; an instruction nobody described is undefined. */
  shape(
    decoded: Decoded,
    word: number,
    bytes: () => string,
    instruction: Instruction | undefined = this.described(decoded),
    liveBytes = 0,
  ): Shape | undefined {
    if (instruction === undefined) return undefined
    const form = addressFormOf(decoded)
    const lock = this.#threads && (decoded.lock || instruction.locks === 'always')
    const variant = (lock ? 1 : 0) | (liveBytes << 1)
    const key = shapeKey(decoded, word, instruction, form)
    const known = this.#shapes.get(decoded.row, variant, key)
    if (known !== undefined) return known
    const facts = factsOf(decoded, { instruction, form, word, lock, variant, key, liveBytes })
    const shape: Shape = { ...facts, sample: bytes(), slot: -1, slotDead: -1, pairs: undefined }
    this.#shapes.set(decoded.row, variant, key, shape)
    return shape
  }

  /** The slot of a handler, to be compiled by the next `flush` if it is new. */
  slot(shape: Shape, flagsDead: boolean): number {
    const dead = flagsDead && shape.flagsPerhaps !== 0
    const known = dead ? shape.slotDead : shape.slot
    if (known >= 0) return known
    const slot = this.#nextFree()
    const make = (around: Surroundings) => handlerFunction({ ...shape.spec, flagsDead: dead }, around)
    this.#ask({ slot, name: `${shape.name} ${dead}`, type: handlerType, make })
    if (dead) shape.slotDead = slot
    else shape.slot = slot
    return slot
  }

  /** The slot of a described function in a mode. */
  procedure(procedure: AnyProcedure, mode: Mode): number {
    const key = `${procedure.name} ${mode.execution}${mode.cet === true ? ' cet' : ''} ${mode.codeSize} ${mode.operandSize} ${mode.stackSize}`
    const known = this.#procedures.get(key)
    if (known !== undefined) return known
    const slot = this.#nextFree()
    const make = (around: Surroundings) => emitProcedure(procedure, mode, around)
    this.#ask({ slot, name: `procedure ${slot} ${key}`, type: procedureType(procedure), make })
    this.#procedures.set(key, slot)
    return slot
  }

  #nextFree(): number {
    while (this.#taken.has(this.#nextSlot)) this.#nextSlot += 1
    return this.#nextSlot++
  }

  #ask(pending: Pending): void {
    const found = this.#kept?.find(pending.name)
    if (found === undefined) this.#pending.push(pending)
    else this.#linkage?.table.set(pending.slot, found)
  }

  /** Compiles everything that was asked for, in one module, and what that asks for in turn. */
  flush(): void {
    if (this.#pending.length === 0) return
    while (this.#pending.length > 0) this.#compile(this.#pending.splice(0))
    // nothing is kept without the procedures that it calls
    this.#kept?.keep()
  }

  #compile(batch: readonly Pending[]): void {
    if (this.#linkage === undefined) throw new Error('handlers are compiled before the interpreter module is there')
    const { table, memoryBase, threads } = this.#linkage
    const calls: Called[] = []
    const procedureSlot: Surroundings['procedureSlot'] = (procedure, mode) => {
      const slot = this.procedure(procedure, mode)
      calls.push({ procedure, mode, slot })
      return slot
    }
    const functions = batch.map(({ slot, type, make }) => ({
      slot,
      type,
      make: (runtime: RuntimeIndices) => make({ runtime, memoryBase, threads, procedureSlot }),
    }))
    const [linkage, compiling, kept] = [this.#linkage, this.#compiling, this.#kept]
    const names = batch.map(({ name }) => name)
    const known = this.#compiled(names)
    const compiled = placeFunctions(functions, {
      ...{ into: table, linkage, callsThroughTables: true, compiling },
      ...(known && { known }),
      ...(kept && { types: kept.types }),
      made: (position, body) => kept?.made({ ...batch[position]!, body }),
    })
    if (known === undefined) this.#known?.keep(names, { compiled, calls })
    this.#bytes += nativeBytes(compiled.bytes)
  }

  /** What a batch was compiled to in another machine, where all that it calls has the same slots in this one. */
  #compiled(names: readonly string[]): Compiled | undefined {
    const batch = this.#known?.find(names)
    // all of them are asked for, as they would be by what is emitted
    const moved = batch?.calls.filter(({ procedure, mode, slot }) => this.procedure(procedure, mode) !== slot)
    return moved?.length === 0 ? batch?.compiled : undefined
  }
}
