import { impliedOperands } from './implied-operands.rows.ts'
import type { OperandFile, OperandSize } from './operand-place.ts'
import type { OpcodeRow } from './row.ts'

/** Whether something happens. */
export type Certainty = 'never' | 'perhaps' | 'always'

/** What is done to what an instruction does not name. */
export interface ImpliedAccess {
  readonly reads: Certainty
  readonly writes: Certainty
}

/** A size in bits, or one that depends; `h`: half of the operand size, `s`: the stack pointer's. */
export type ImpliedSize = OperandSize | 'h' | 's'

/** A register that no operand names. */
export interface ImpliedRegister extends ImpliedAccess {
  readonly file: OperandFile
  readonly index: number
  /** AH, whose index is that of AL. */
  readonly highByte: boolean
  readonly size: ImpliedSize
}

/** Memory that no operand names: at a base, and an index for XLAT. */
export interface ImpliedMemory extends ImpliedAccess {
  /** ES CS SS DS FS GS in the order of their encoding; DS is the one that a prefix may replace. */
  readonly segment: number
  /** A general register, or the one that the first operand is. */
  readonly base: number | 'op1'
  readonly index: number | undefined
  readonly size: ImpliedSize
}

/** What a row's instruction reads and writes besides its operands. */
export interface Implied {
  readonly registers: readonly ImpliedRegister[]
  readonly memory: readonly ImpliedMemory[]
  /** Items of the operand size that it pushes, negative, or pops. */
  readonly stackItems: number
}

const none: Implied = { registers: [], memory: [], stackItems: 0 }
const general = ['AX', 'CX', 'DX', 'BX', 'SP', 'BP', 'SI', 'DI']
const low = ['AL', 'CL', 'DL', 'BL']
const high = ['AH', 'CH', 'DH', 'BH']
const segments = ['ES', 'CS', 'SS', 'DS', 'FS', 'GS']
const widths: Readonly<Record<string, ImpliedSize>> = { E: 32, R: 64, v: 'v', z: 'z', y: 'y', a: 'a', h: 'h', s: 's' }
const sizes: Readonly<Record<string, ImpliedSize>> = { b: 8, w: 16, d: 32, q: 64, v: 'v', z: 'z' }

type Place = Pick<ImpliedRegister, 'file' | 'index' | 'highByte' | 'size'>

function registerOf(name: string): Place {
  const at = (index: number, size: ImpliedSize, file: OperandFile = 'gpr', highByte = false): Place => ({
    ...{ file, index, highByte, size },
  })
  if (low.includes(name)) return at(low.indexOf(name), 8)
  if (high.includes(name)) return at(high.indexOf(name), 8, 'gpr', true)
  if (general.includes(name)) return at(general.indexOf(name), 16)
  const numbered = /^(XMM|CR|ST|BSR|R)(\d+)(D?)$/.exec(name)
  if (numbered !== null) {
    const [, file, index, isDouble] = numbered
    if (file === 'ST') return at(Number(index), 80, 'x87')
    if (file === 'BSR') return at(Number(index), 1024, 'blockScale')
    if (file === 'XMM') return at(Number(index), 128, 'xmm')
    return file === 'CR' ? at(Number(index), 'y', 'control') : at(Number(index), isDouble === '' ? 64 : 32)
  }
  return at(general.indexOf(name.slice(1)), widths[name[0]!]!)
}

function accessOf(letters: string): ImpliedAccess {
  const certainty = (letter: string): Certainty =>
    letters.includes(`${letter}?`) ? 'perhaps' : letters.includes(letter) ? 'always' : 'never'
  return { reads: certainty('R'), writes: certainty('W') }
}

function memoryOf(text: string): ImpliedMemory {
  const [, letters, segment, base, index, size] = /^([RW?]+)\[(\w+):(\w+)(?:\+(\w+))?\](\w+)$/.exec(text)!
  return {
    ...accessOf(letters!),
    segment: segments.indexOf(segment!),
    base: base === 'op1' ? 'op1' : registerOf(base!).index,
    index: index === undefined ? undefined : registerOf(index).index,
    size: sizes[size!] ?? Number(size) * 8,
  }
}

function parse(what: string): Implied {
  const stack = /^(push|pop) (\d)\s*/.exec(what)
  const tokens = what
    .slice(stack?.[0].length ?? 0)
    .split(' ')
    .filter((token) => token !== '')
  const items = stack === null ? 0 : Number(stack[2]) * (stack[1] === 'push' ? -1 : 1)
  const registers = tokens
    .filter((token) => !token.includes('['))
    .map((token): ImpliedRegister => {
      const [letters, name] = token.split(':')
      return { ...registerOf(name!), ...accessOf(letters!) }
    })
  const pointer: ImpliedRegister = { ...registerOf('sSP'), reads: 'always', writes: 'always' }
  return {
    registers: items === 0 ? registers : [pointer, ...registers],
    memory: tokens.filter((token) => token.includes('[')).map(memoryOf),
    stackItems: items,
  }
}

let byRow: Map<string, Implied> | undefined

function tabled(): Map<string, Implied> {
  const found = new Map<string, Implied>()
  for (const [what, names] of impliedOperands) {
    const implied = parse(what)
    for (const name of names.split(' ')) found.set(name, implied)
  }
  return found
}

/** What the row's instruction reads and writes besides its operands. Source: the instructions' own pages. */
export function impliedOf({ mnemonic, operands, needs }: OpcodeRow): Implied {
  // x87 instructions with two operands name both, as accesses to MSRs do that have any
  if (operands.length > 1 && (needs === 'FPU' || mnemonic.includes('RMSR') || mnemonic === 'RDMSR')) return none
  byRow ??= tabled()
  const [first] = operands
  if (operands.length === 1) return byRow.get(`${mnemonic}:${first}`) ?? byRow.get(mnemonic) ?? none
  return (
    (first !== undefined && mnemonic === 'CMPXCHG' ? byRow.get(`${mnemonic}:${first}`) : byRow.get(mnemonic)) ?? none
  )
}
