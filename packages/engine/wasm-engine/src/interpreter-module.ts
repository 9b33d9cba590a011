import { ModuleBuilder } from '@vmm/wasm-encoder'
import { access, failed, pageFact, refusedByEpt, walk } from '@vmm/x86-paging'
import { arithmeticFlags } from '@vmm/x86-registers'
import type { HostCall } from '@vmm/x86-semantics'
import { accessKind } from './access.ts'
import type { Code } from './emit/code.ts'
import type { Node } from './emit/node.ts'
import { functionOf } from './emit/write.ts'
import { procedureType } from './handler.ts'
import { bulkFillFunction, bulkMoveFunction } from './interpreter/bulk.ts'
import { deliverFaultFunction } from './interpreter/delivery.ts'
import { findFunction } from './interpreter/device-pages.ts'
import { draftFunction } from './interpreter/draft.ts'
import { findBlockFunction } from './interpreter/find-block.ts'
import { flagFunction, materializeFunction } from './interpreter/flags.ts'
import { flushPageFunction, useContextFunction } from './interpreter/invalidation.ts'
import { runFunction } from './interpreter/loops.ts'
import {
  checkFunction,
  fillFunction,
  plainReadFunction,
  slowReadFunction,
  slowWriteFunction,
  type Walk,
} from './interpreter/memory.ts'
import { modeChangedFunction, reachFunction } from './interpreter/mode.ts'
import { passFunction } from './interpreter/pass.ts'
import { hostOfFunction, readPhysicalFunction, swapPhysicalFunction } from './interpreter/physical.ts'
import { type Counts, firstHandler, type InlineHandler, runBlocksFunction } from './interpreter/run.ts'
import { elementRoomFunction, offsetFunction, segmentedFunction } from './interpreter/segmentation.ts'
import { type MemoryMap, pageFlag } from './memory-map.ts'
import { hostCallNames } from './reading/host-calls.ts'
import { importTypes, internalTypes, loopType, type RuntimeIndices, runtimeNames, runtimeTypes } from './runtime.ts'
import { at } from './state-layout.ts'

/** Functions that the interpreter module defines, in the order of their indices. */
const defined = {
  ...Object.fromEntries(arithmeticFlags.map((flag) => [`flag${flag}`, runtimeTypes[`flag${flag}`]])),
  materialize: runtimeTypes.materialize,
  offset: runtimeTypes.offset,
  segmented: runtimeTypes.segmented,
  elementRoom: runtimeTypes.elementRoom,
  hostOf: internalTypes.hostOf,
  readPhysical: runtimeTypes.readPhysical,
  swapPhysical: runtimeTypes.swapPhysical,
  fill: internalTypes.fill,
  find: internalTypes.find,
  slowRead: runtimeTypes.slowRead,
  slowWrite: runtimeTypes.slowWrite,
  plainRead: runtimeTypes.plainRead,
  plainWrite: runtimeTypes.plainWrite,
  check: runtimeTypes.check,
  bulkMove: runtimeTypes.bulkMove,
  bulkFill: runtimeTypes.bulkFill,
  findBlock: runtimeTypes.findBlock,
  pass: runtimeTypes.pass,
  draft: internalTypes.draft,
  flushPage: runtimeTypes.flushPage,
  reach: runtimeTypes.modeChanged,
  modeChanged: runtimeTypes.modeChanged,
  useContext: runtimeTypes.useContext,
  deliverFault: internalTypes.deliverFault,
  firstLoop: loopType,
  bareLoop: loopType,
  run: loopType,
}

export interface InterpreterOptions {
  readonly map: MemoryMap
  readonly pages: { readonly initial: number; readonly maximum: number }
  readonly tableSize: number
  readonly walkSlot: number
  readonly counts: Counts
  /** Slots of the table of regions; 0 where blocks never become hot. */
  readonly regionSlots: number
  readonly inline: (runtime: RuntimeIndices) => readonly InlineHandler[]
}

/** The bytes of the interpreter module: run loop, slow paths, flags. */
export function interpreterModule({
  map,
  pages,
  tableSize,
  walkSlot,
  counts,
  regionSlots,
  inline,
}: InterpreterOptions): Uint8Array<ArrayBuffer> {
  const builder = new ModuleBuilder()
  builder.importMemory('interpreter', 'memory', { ...pages, shared: true })
  builder.importTable('interpreter', 'table', tableSize)
  if (regionSlots > 0) builder.importTable('interpreter', 'regions', regionSlots)
  const index: Record<string, number> = {}
  for (const [name, type] of Object.entries(importTypes))
    index[name] = builder.importFunction('interpreter', name, type)
  for (const [name, type] of Object.entries(defined)) index[name] = builder.declare(type)
  const runtime = Object.fromEntries(runtimeNames.map((name) => [name, index[name]])) as unknown as RuntimeIndices
  const bodies = bodiesOf(index, runtime, { map, walkSlot, counts, regionSlots, inline })
  for (const [name, type] of Object.entries(defined)) {
    builder.define(
      index[name]!,
      functionOf(bodies[name]!, type.parameters.length, (other) => builder.type(other)),
    )
    builder.export(name, index[name]!)
  }
  return builder.finish()
}

/** The code of each function by its name. */
function bodiesOf(
  index: Readonly<Record<string, number>>,
  runtime: RuntimeIndices,
  { map, walkSlot, counts, regionSlots, inline }: Omit<InterpreterOptions, 'pages' | 'tableSize'>,
): Readonly<Record<string, Code>> {
  const calls = {
    fill: index['fill']!,
    find: index['find']!,
    oddRead: index['oddRead']!,
    oddWrite: index['oddWrite']!,
    deviceRead: index['deviceRead']!,
    deviceWrite: index['deviceWrite']!,
    deviceReach: index['deviceReach']!,
    touched: index['touched']!,
  }
  const loop = { counts, first: firstHandler, map, regions: regionSlots > 0 }
  return {
    ...Object.fromEntries(arithmeticFlags.map((flag) => [`flag${flag}`, flagFunction(flag)])),
    materialize: materializeFunction(),
    offset: offsetFunction(),
    segmented: segmentedFunction(),
    elementRoom: elementRoomFunction(),
    hostOf: hostOfFunction(),
    readPhysical: readPhysicalFunction(calls.touched),
    swapPhysical: swapPhysicalFunction(index['hostOf']!, calls.touched, map, pageFlag.dirty),
    fill: fillFunction(map, calls, walkThrough(walkSlot)),
    find: findFunction(calls.fill),
    slowRead: slowReadFunction(calls),
    slowWrite: slowWriteFunction(map, { find: calls.find, beyond: calls }),
    plainRead: plainReadFunction(calls),
    plainWrite: slowWriteFunction(map, { find: calls.find, beyond: undefined }),
    check: checkFunction(calls),
    bulkMove: bulkMoveFunction(map, runtime),
    bulkFill: bulkFillFunction(map, runtime),
    findBlock: findBlockFunction(map, calls.fill, counts === 'nothing' ? index['pass']! : undefined),
    pass: passFunction(map),
    draft: draftFunction(map),
    flushPage: flushPageFunction(askFor('flushPage', index['host']!)),
    useContext: useContextFunction(askFor('addressSpace', index['host']!), index['modeChanged']!),
    reach: reachFunction(),
    modeChanged: modeChangedFunction(index['derive']!, index['reach']!),
    deliverFault: deliverFaultFunction(index['modeChanged']!),
    firstLoop: runBlocksFunction(runtime, inline(runtime), loop),
    bareLoop: runBlocksFunction(runtime, [], loop),
    run: runFunction(index['firstLoop']!, index['deliverFault']!),
  }
}

/** Asks the surroundings, of whom it is known that they refuse nothing. */
function askFor(name: HostCall, host: number) {
  return (code: Code, cpu: Node, value: Node): void => {
    code.store('i64.store', cpu, value, at.hostValues)
    code.call(host, [cpu, code.i32(hostCallNames.indexOf(name))], ['i32'])
  }
}

/** Calls the described walk: the asker's level and AC decide what kind of access it is. */
function walkThrough(slot: number): Walk {
  return (code, { cpu, record, tlb, linear, kind }) => {
    const flag = (on: ReturnType<Code['i32']>, value: number) => code.select(on, code.i32(value), code.i32(0))
    const has = (bit: number) => code.op('i32.ne', code.op('i32.and', kind, code.i32(bit)), code.i32(0))
    const byProgram = code.hold(code.op('i32.eqz', has(accessKind.processor)))
    const atUser = code.op('i32.eq', code.load('i32.load8_u', cpu, at.CPL), code.i32(3))
    const ac = code.op(
      'i32.and',
      code.op('i32.shr_u', code.load('i32.load', cpu, at.RFLAGS), code.i32(18)),
      code.i32(1),
    )
    const word = [
      flag(has(accessKind.write), access.write),
      flag(has(accessKind.execute), access.execute),
      flag(code.op('i32.and', byProgram, atUser), access.user),
      flag(code.op('i32.and', byProgram, ac), access.override),
    ].reduce((a, b) => code.op('i32.or', a, b))
    const [, error, frame, facts] = code.callTable(procedureType(walk as never), code.i32(slot), [
      cpu,
      record,
      tlb,
      linear,
      word,
    ])
    return {
      allowed: code.op('i32.eqz', error!),
      errorCode: code.op('i32.and', error!, code.i32(~failed)),
      refused: code.op('i32.and', error!, code.i32(refusedByEpt)),
      frame: frame!,
      large: code.op('i32.and', facts!, code.i32(pageFact.large)),
    }
  }
}
