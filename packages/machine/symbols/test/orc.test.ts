import { describe, expect, test } from 'vitest'
import { callersOf, findOrc, type SymbolRow, SymbolTable } from '../src/index.ts'

const [bp, sp, previousSp, bpIndirect, spIndirect] = [4, 5, 1, 8, 9]
const unit = 0x20_0000

/** A stretch of code from an address on, and its entry: offsets, registers, and the number of what is at its end. */
interface Stretch {
  readonly from: bigint
  readonly sp: readonly [register: number, offset: number]
  readonly bp?: readonly [register: number, offset: number]
  readonly kind?: 'call' | 'registers' | 'interrupt' | 'end'
}

/** Numbers of kinds, and how the end of all is told. Source: arch/x86/include/asm/orc_types.h, Linux 6.1 and 6.12. */
const forms = {
  '6.1': { call: 0, registers: 1 << 8, interrupt: 2 << 8, end: 1 << 10 },
  '6.12': { call: 2 << 8, registers: 3 << 8, interrupt: 4 << 8, end: 1 << 8 },
} as const

const kernelAt = 0xffff_ffff_9c80_0000n
const [bannerAt, ipsAt, entriesAt] = [0x12_0040n, 0x14_0000n, 0x15_0000n]
/** Where the kernel is in memory: moved by other units than its addresses. */
const inMemory = 3 * unit

/** Memory with a kernel that has these entries, and what its symbols say. */
function kernelWith(stretches: readonly Stretch[], form: keyof typeof forms) {
  const memory = new Uint8Array(inMemory + unit)
  const view = new DataView(memory.buffer)
  const at = (offset: bigint): number => inMemory + Number(offset)
  for (const [index, character] of [...'Linux version 6.1.0'].entries()) {
    memory[at(bannerAt) + index] = character.charCodeAt(0)
    // the same text elsewhere
    memory[5000 + index] = character.charCodeAt(0)
  }
  for (const [index, stretch] of stretches.entries()) {
    const own = ipsAt + BigInt(index * 4)
    view.setInt32(at(own), Number(stretch.from - (kernelAt + own)), true)
    const entry = at(entriesAt) + index * 6
    view.setInt16(entry, stretch.sp[1], true)
    view.setInt16(entry + 2, stretch.bp?.[1] ?? 0, true)
    const registers = stretch.sp[0] | ((stretch.bp?.[0] ?? 0) << 4)
    view.setUint16(entry + 4, registers | forms[form][stretch.kind ?? 'call'], true)
  }
  const symbol = (name: string, offset: bigint): SymbolRow => {
    return { name, address: kernelAt + offset, isCode: false, size: 0 }
  }
  const symbols = new SymbolTable([
    symbol('linux_banner', bannerAt),
    symbol('__start_orc_unwind_ip', ipsAt),
    symbol('__stop_orc_unwind_ip', ipsAt + BigInt(stretches.length * 4)),
    symbol('__start_orc_unwind', entriesAt),
    symbol('__stop_orc_unwind', entriesAt + BigInt(stretches.length * 6)),
  ])
  return { memory, symbols }
}

const code = (offset: number): bigint => kernelAt + BigInt(offset)
const stackAt = 0xffff_c900_0001_3000n

/** A stack of these words. */
function stack(...words: readonly bigint[]): Uint8Array {
  const bytes = new Uint8Array(words.length * 8)
  new BigUint64Array(bytes.buffer).set(words)
  return bytes
}

const stretches: readonly Stretch[] = [
  // leaf: nothing on the stack but the return address
  { from: code(0x1000), sp: [sp, 8] },
  // two words and RBP below the return address
  { from: code(0x2000), sp: [sp, 32], bp: [previousSp, -16] },
  // a frame by RBP
  { from: code(0x3000), sp: [bp, 16], bp: [previousSp, -16] },
  { from: code(0x4000), sp: [sp, 0], kind: 'registers' },
  { from: code(0x5000), sp: [sp, 0], kind: 'interrupt' },
  { from: code(0x6000), sp: [spIndirect, 8] },
  { from: code(0x7000), sp: [bpIndirect, -8] },
  { from: code(0x8000), sp: [10, 0] },
  { from: code(0x9000), sp: [sp, 0], kind: 'end' },
  ...Array.from({ length: 8 }, (_, index): Stretch => ({ from: code(0xa000 + index), sp: [sp, 8] })),
]

describe.each(['6.1', '6.12'] as const)('callers by the tables of Linux %s', (form) => {
  const { memory, symbols } = kernelWith(stretches, form)
  const table = findOrc(memory, symbols)!
  const callers = (rip: bigint, bytes: Uint8Array, rbp = 0n) => callersOf(table, { rip, rsp: stackAt, rbp, bytes })

  test('are found by the stack pointer, and by RBP where that is saved', () => {
    const saved = stackAt + 64n
    const words = stack(code(0x2010), 1n, 2n, saved, code(0x3010), 5n, 6n, 7n, 0n, code(0x9010))
    expect(callers(code(0x1005), words)).toEqual([code(0x200f), code(0x300f), code(0x900f)])
  })

  test('are found behind an interrupt, with all registers saved or five words', () => {
    const registers = Array.from({ length: 21 }, (_, index) => BigInt(index))
    const rspAfter = stackAt + 21n * 8n
    registers[16] = code(0x1004)
    registers[19] = rspAfter
    expect(callers(code(0x4000), stack(...registers, code(0x9010)))).toEqual([code(0x1004), code(0x900f)])
    const five = [code(0x1004), 0x10n, 0x202n, stackAt + 40n, 0x18n]
    expect(callers(code(0x5000), stack(...five, code(0x9010)))).toEqual([code(0x1004), code(0x900f)])
  })

  test('are found where the stack was changed', () => {
    // the word at the stack pointer, and the one below RBP, say where the other stack is
    expect(callers(code(0x6000), stack(stackAt + 16n, 0n, code(0x9010)))).toEqual([code(0x900f)])
    const rbp = stackAt + 16n
    expect(callers(code(0x7000), stack(0n, stackAt + 32n, 0n, code(0x9010)), rbp)).toEqual([code(0x900f)])
  })

  test('end where nothing is known, the stack is not, or goes down', () => {
    expect(callers(code(0x8000), stack(code(0x9010)))).toEqual([])
    expect(callers(code(0x9000), stack(code(0x9010)))).toEqual([])
    expect(callers(code(0x500), stack(code(0x9010)))).toEqual([])
    expect(callers(code(0x1000), stack())).toEqual([])
    expect(callers(code(0x6000), stack(stackAt - 64n))).toEqual([])
    const onward = Array.from({ length: 500 }, () => code(0x1001))
    expect(callers(code(0x1000), stack(...onward))).toHaveLength(64)
  })
})

test('a system without these tables, or whose tables do not fit, has none', () => {
  const { memory, symbols } = kernelWith(stretches, '6.12')
  expect(findOrc(memory, new SymbolTable([]))).toBeUndefined()
  for (const missing of symbols.rows)
    expect(findOrc(memory, new SymbolTable(symbols.rows.filter((row) => row !== missing)))).toBeUndefined()
  const moved = (name: string, by: bigint) =>
    new SymbolTable(symbols.rows.map((row) => (row.name === name ? { ...row, address: row.address + by } : row)))
  expect(findOrc(memory, moved('__stop_orc_unwind', 6n))).toBeUndefined()
  expect(findOrc(memory, moved('__stop_orc_unwind_ip', -0x40_0000n))).toBeUndefined()
  expect(findOrc(memory, moved('linux_banner', 8n))).toBeUndefined()
  expect(findOrc(memory.subarray(0, memory.length - unit + 0x13_0000), symbols)).toBeUndefined()
  expect(findOrc(memory, symbols)).toBeDefined()
})
