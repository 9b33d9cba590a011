import { exceptionAt } from '@vmm/x86-registers'
import type { Ending, FlagName, InsCase, Item } from '../case.ts'
import { environments } from '../environments.ts'
import { before, flagMask, type State } from '../state.ts'

/** Sizes and places in `recorder.c`'s structures. */
const patches = { count: 16, bytes: 520 } as const
const inRequest = {
  code: 16,
  gprs: 32,
  rip: 160,
  rflags: 168,
  fxsave: 176,
  upper: 688,
  patchCount: 944,
  patch: 952,
} as const
const requestBytes = inRequest.patch + patches.count * patches.bytes
const inReply = {
  rip: 128,
  rflags: 136,
  vector: 144,
  code: 152,
  cr2: 160,
  fxsave: 168,
  upper: 680,
  selectors: 936,
  changeCount: 952,
  change: 960,
} as const
const changes = 1024
export const replyBytes = inReply.change + changes * 8

/** Places in the image of FXSAVE. Source: SDM 1 §10.5.1, Table 10-2. */
const inImage = { FCW: 0, FSW: 2, FTW: 4, MXCSR: 24, x87: 32, xmm: 160, upper: 512 } as const
/** The upper halves of YMM registers follow. */
const imageBytes = inImage.upper + 256

/** What a case asks of the CPU, as the recorder reads it. */
export function requestOf(one: InsCase): Uint8Array {
  const environment = environments[one.mode]
  const state = before(one, environment)
  const bytes = new Uint8Array(requestBytes)
  const view = new DataView(bytes.buffer)
  const selector = (name: 'CS' | 'SS' | 'DS') => Number(state.fields.get(`${name}.selector`))
  ;[selector('CS'), selector('SS'), selector('DS'), one.bytes.length].forEach((value, at) => {
    view.setUint32(at * 4, value, true)
  })
  bytes.set(one.bytes, inRequest.code)
  state.gprs.forEach((value, index) => {
    view.setBigUint64(inRequest.gprs + index * 8, value, true)
  })
  view.setBigUint64(inRequest.rip, state.fields.get('RIP')!, true)
  view.setBigUint64(inRequest.rflags, state.rflags, true)
  writeImage(new DataView(bytes.buffer, inRequest.fxsave, imageBytes), state)
  const memory = one.before.filter((item) => item.kind === 'memory')
  if (memory.length > patches.count) throw new Error(`${one.place}: more than ${patches.count} pieces of memory`)
  view.setUint32(inRequest.patchCount, memory.length, true)
  memory.forEach(({ address, bytes: data }, at) => {
    const patch = inRequest.patch + at * patches.bytes
    view.setUint32(patch, address, true)
    view.setUint32(patch + 4, data.length, true)
    bytes.set(data, patch + 8)
  })
  return bytes
}

/** Where the four words of a YMM register are. */
const placeOfVector = (index: number): readonly number[] =>
  [inImage.xmm, inImage.upper].flatMap((half) => [half + index * 16, half + index * 16 + 8])

const topOf = (fsw: number): number => (fsw >> 11) & 7

function writeImage(view: DataView, state: State): void {
  const fsw = Number(state.fields.get('FSW'))
  view.setUint16(inImage.FCW, Number(state.fields.get('FCW')), true)
  view.setUint16(inImage.FSW, fsw, true)
  view.setUint8(inImage.FTW, Number(state.fields.get('FTW')))
  view.setUint32(inImage.MXCSR, Number(state.fields.get('MXCSR')), true)
  view.setUint32(inImage.MXCSR + 4, 0xffff, true)
  for (let index = 0; index < 8; index += 1) {
    const value = state.x87[(topOf(fsw) + index) & 7]!
    view.setBigUint64(inImage.x87 + index * 16, value & 0xffff_ffff_ffff_ffffn, true)
    view.setUint16(inImage.x87 + index * 16 + 8, Number(value >> 64n), true)
  }
  state.vectors.forEach((value, index) => {
    const words = [0n, 64n, 128n, 192n].map((low) => BigInt.asUintN(64, value >> low))
    for (const [at, word] of words.entries()) view.setBigUint64(placeOfVector(index)[at]!, word, true)
  })
}

/** What the CPU made of a case: the case again, with what changed. Undefined where the answer is none that a case can hold. */
export function answered(one: InsCase, reply: Uint8Array): InsCase | undefined {
  const view = new DataView(reply.buffer, reply.byteOffset, reply.byteLength)
  const environment = environments[one.mode]
  const state = before(one, environment)
  const vector = Number(view.getBigUint64(inReply.vector, true))
  const ending = endingOf(vector, Number(view.getBigUint64(inReply.code, true)))
  if (ending === undefined) return undefined
  const selectors = ['CS', 'SS', 'DS', 'ES'] as const
  const moved = selectors.some(
    (name, at) => view.getUint32(inReply.selectors + at * 4, true) !== Number(state.fields.get(`${name}.selector`)),
  )
  if (moved) return undefined
  const items = [
    ...gprChanges(view, state, environment.codeSize),
    ...ripChange(view, state, one, ending),
    ...imageChanges(
      new DataView(view.buffer, view.byteOffset + inReply.fxsave, imageBytes),
      state,
      /^f/.test(one.text),
    ),
    ...memoryChanges(view),
    ...flagChanges(view.getBigUint64(inReply.rflags, true), state, one.undefinedFlags),
  ]
  if (ending.kind === 'fault' && ending.exception === 'PF')
    items.push({ kind: 'field', field: 'CR2', value: view.getBigUint64(inReply.cr2, true) })
  // what faults leaves no flag undefined
  return { ...one, after: items, ending, undefinedFlags: ending.kind === 'fault' ? new Set() : one.undefinedFlags }
}

/** INT3 behind the instruction is its end; anything else is what it ran into. */
function endingOf(vector: number, code: number): Ending | undefined {
  if (vector === 3) return { kind: 'done' }
  const exception = exceptionAt(vector)
  // debug traps and overflow come after an instruction: no fault that a case could hold
  if (exception === undefined || exception === 'DB' || exception === 'OF') return undefined
  const hasCode = ['TS', 'NP', 'SS', 'GP', 'PF', 'AC'].includes(exception)
  return { kind: 'fault', exception, code: hasCode ? code : undefined }
}

function gprChanges(view: DataView, state: State, codeSize: number): readonly Item[] {
  return state.gprs.flatMap((old, index): Item[] => {
    const value = view.getBigUint64(index * 8, true)
    if (codeSize === 64) return value === old ? [] : [{ kind: 'gpr', index, width: 64, highByte: false, value }]
    const low = value & 0xffff_ffffn
    return low === (old & 0xffff_ffffn) ? [] : [{ kind: 'gpr', index, width: 32, highByte: false, value: low }]
  })
}

function ripChange(view: DataView, state: State, one: InsCase, ending: Ending): readonly Item[] {
  if (ending.kind === 'fault') return []
  const value = view.getBigUint64(inReply.rip, true) - 1n
  return value === state.fields.get('RIP')! + BigInt(one.bytes.length) ? [] : [{ kind: 'field', field: 'RIP', value }]
}

function imageChanges(view: DataView, state: State, isX87: boolean): readonly Item[] {
  const items: Item[] = []
  const field = (name: 'FCW' | 'FSW' | 'FTW' | 'MXCSR', value: number) => {
    if (BigInt(value) !== state.fields.get(name)) items.push({ kind: 'field', field: name, value: BigInt(value) })
  }
  const fsw = view.getUint16(inImage.FSW, true)
  field('FCW', view.getUint16(inImage.FCW, true))
  field('FSW', fsw)
  field('FTW', view.getUint8(inImage.FTW))
  field('MXCSR', view.getUint32(inImage.MXCSR, true))
  for (let index = 0; index < 8; index += 1) {
    const significand = view.getBigUint64(inImage.x87 + index * 16, true)
    const value = (BigInt(view.getUint16(inImage.x87 + index * 16 + 8, true)) << 64n) | significand
    const physical = (topOf(fsw) + index) & 7
    if (value === state.x87[physical]) continue
    const isMmx = value >> 64n === 0xffffn && !isX87
    items.push(isMmx ? { kind: 'mm', index: physical, value: significand } : { kind: 'st', index, value })
  }
  state.vectors.forEach((old, index) => {
    const value = placeOfVector(index).reduceRight((all, at) => (all << 64n) | view.getBigUint64(at, true), 0n)
    if (value === old) return
    const isLow = value >> 128n === old >> 128n
    items.push(isLow ? { kind: 'xmm', index, value: BigInt.asUintN(128, value) } : { kind: 'ymm', index, value })
  })
  return items
}

/** Changed bytes, neighbours together. */
function memoryChanges(view: DataView): readonly Item[] {
  const runs: { address: number; bytes: number[] }[] = []
  const count = view.getUint32(inReply.changeCount, true)
  for (let at = 0; at < count; at += 1) {
    const address = view.getUint32(inReply.change + at * 8, true)
    const byte = view.getUint32(inReply.change + at * 8 + 4, true)
    const last = runs.at(-1)
    if (last !== undefined && last.address + last.bytes.length === address) last.bytes.push(byte)
    else runs.push({ address, bytes: [byte] })
  }
  return runs.map(({ address, bytes }) => ({ kind: 'memory', address, bytes: Uint8Array.from(bytes) }))
}

const compared: readonly FlagName[] = ['CF', 'PF', 'AF', 'ZF', 'SF', 'DF', 'OF', 'NT', 'AC']

function flagChanges(rflags: bigint, state: State, ignored: ReadonlySet<FlagName>): readonly Item[] {
  return compared.flatMap((flag): Item[] => {
    const mask = flagMask(flag)
    if (ignored.has(flag) || (rflags & mask) === (state.rflags & mask)) return []
    return [{ kind: 'flag', flag, value: (rflags & mask) !== 0n }]
  })
}
