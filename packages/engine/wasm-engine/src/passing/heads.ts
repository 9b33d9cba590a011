import type { CodeSize } from '@vmm/x86-decoder'
import { takesModrm } from '../decoder.ts'

/**
 * What has been read of an instruction's head, which is its prefixes, opcode, ModRM and SIB: all that says how the rest is read. Emitted code
 * goes from state to state by a table; `first` and what follows it are the states before the first byte, by code size.
 */
export const headState = {
  /** No head that is read here. */
  none: 0,
  /** The head is complete. */
  complete: 1,
  first32: 2,
  first64: 3,
  rex: 4,
  map1: 5,
  map2: 6,
  map3: 7,
  modrm: 8,
  sib: 9,
} as const
const states = 10

/** Bytes of the table: for each state the next one by the byte that comes. */
export const headTableBytes: number = states * 256

/** Heads have no more bytes than that. */
export const longestHead = 8

/** The state before the first byte of an instruction; code of 16 bits is not read here. */
const firstState = (codeSize: CodeSize): number =>
  codeSize === 64 ? headState.first64 : codeSize === 32 ? headState.first32 : headState.none

const prefixes: ReadonlySet<number> = new Set([0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0xf0, 0xf2, 0xf3])
/** Another size of addresses, and first bytes that are VEX and EVEX or may be. */
const notRead: ReadonlySet<number> = new Set([0x62, 0x67, 0xc4, 0xc5])

function afterOpcode(map: 0 | 1 | 2 | 3, opcode: number): number {
  const takes = takesModrm(map, opcode)
  if (takes === undefined) return headState.none
  return takes ? headState.modrm : headState.complete
}

function afterFirst(state: number, byte: number): number {
  if (prefixes.has(byte)) return state === headState.rex ? headState.none : state
  if (notRead.has(byte)) return headState.none
  if (state !== headState.first32 && byte >> 4 === 4)
    return state === headState.first64 ? headState.rex : headState.none
  return byte === 0x0f ? headState.map1 : afterOpcode(0, byte)
}

function next(state: number, byte: number): number {
  switch (state) {
    case headState.first32:
    case headState.first64:
    case headState.rex:
      return afterFirst(state, byte)
    case headState.map1:
      return byte === 0x38 ? headState.map2 : byte === 0x3a ? headState.map3 : afterOpcode(1, byte)
    case headState.map2:
      return afterOpcode(2, byte)
    case headState.map3:
      return afterOpcode(3, byte)
    case headState.modrm:
      return byte < 0xc0 && (byte & 7) === 4 ? headState.sib : headState.complete
    case headState.sib:
      return headState.complete
    default:
      return headState.none
  }
}

let made: Uint8Array | undefined

/** The table, made when it is first asked for. */
export function headTable(): Uint8Array {
  made ??= Uint8Array.from({ length: headTableBytes }, (_, at) => next(at >> 8, at & 0xff))
  return made
}

/** The head of an instruction: how many bytes it has, and the bytes, with zeros behind them. */
export interface Head {
  readonly bytes: number
  readonly low: number
  readonly high: number
}

/** The head of the instruction there; undefined if it is none that is read here. */
export function headAt(bytes: Uint8Array, from: number, codeSize: CodeSize): Head | undefined {
  const table = headTable()
  let state = firstState(codeSize)
  let [low, high] = [0, 0]
  for (let at = 0; at < longestHead; at += 1) {
    const byte = bytes[from + at] ?? 0
    if (at < 4) low |= byte << (at * 8)
    else high |= byte << (at * 8)
    state = table[(state << 8) | byte]!
    if (state <= headState.complete) return state === headState.complete ? { bytes: at + 1, low, high } : undefined
  }
  return undefined
}
