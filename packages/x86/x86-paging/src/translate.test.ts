import { describe, expect, test } from 'vitest'
import { access, errorBit, type PagingRegisters, type Translation, translate } from './index.ts'

const P = 1n
const W = 2n
const U = 4n
const A = 0x20n
const D = 0x40n
const PS = 0x80n
const G = 0x100n
const NX = 1n << 63n

const flag = {
  'CR0.WP': 1n << 16n,
  'CR4.PSE': 1n << 4n,
  'CR4.PAE': 1n << 5n,
  'CR4.PGE': 1n << 7n,
  'CR4.LA57': 1n << 12n,
  'CR4.SMEP': 1n << 20n,
  'CR4.SMAP': 1n << 21n,
  'CR4.PKE': 1n << 22n,
} as const
const [LMA, NXE] = [1n << 10n, 1n << 11n]

const off: PagingRegisters = { CR0: 1n, CR3: 0n, CR4: 0n, IA32_EFER: 0n, PKRU: 0n, PHYSICAL_MASK: (1n << 46n) - 1n }
const narrow: PagingRegisters = { ...off, CR0: (1n << 31n) | 1n, CR3: 0x1000n }
const pae: PagingRegisters = { ...narrow, CR4: flag['CR4.PAE'] }
const long: PagingRegisters = { ...pae, IA32_EFER: LMA | NXE }

/** Entries by address, and every address that was changed. */
class Tables {
  readonly entries: Map<bigint, bigint>
  readonly changed: bigint[] = []

  constructor(entries: Readonly<Record<number, bigint>>) {
    this.entries = new Map(Object.entries(entries).map(([address, entry]) => [BigInt(address), entry]))
  }

  read = (address: bigint, bytes: 4 | 8): bigint => BigInt.asUintN(bytes * 8, this.entries.get(address) ?? 0n)

  swap = (address: bigint, _bytes: 4 | 8, expected: bigint, value: bigint): boolean => {
    if (this.entries.get(address) !== expected) return false
    this.entries.set(address, value)
    this.changed.push(address)
    return true
  }
}

const page = (frame: bigint, more: Partial<Extract<Translation, { kind: 'page' }>> = {}): Translation => ({
  kind: 'page',
  frame,
  global: false,
  large: false,
  ...more,
})
const fault = (errorCode: number): Translation => ({ kind: 'fault', errorCode })
const all = P | W | U

/** Four levels down to one page at linear address 0x1_0020_3004: tables at 1000H, 2000H, 3000H and 4000H. */
const linear = 0x1_0020_3004n
const fourLevels = (leaf = 0x7000n | all) =>
  new Tables({ 4096: 0x2000n | all, 8224: 0x3000n | all, 12296: 0x4000n | all, 16408: leaf })

describe('with paging off', () => {
  test('a linear address is a physical one', () => {
    expect(translate(new Tables({}), off, 0x1234_5678n, access.write)).toEqual(page(0x1234_5000n))
  })
})

describe('4-level paging', () => {
  test('nine bits of the address choose in each table', () => {
    expect(translate(fourLevels(), long, linear, 0)).toEqual(page(0x7000n))
  })

  test.each([0x1000n, 0x2020n, 0x3008n, 0x4018n])('an entry that is not present ends the walk: the one at %o', (at) => {
    const tables = fourLevels()
    tables.entries.set(at, 0x2000n)
    expect(translate(tables, long, linear, access.write | access.user)).toEqual(fault(errorBit.write | errorBit.user))
  })

  test('a read marks every entry accessed; a write marks the page dirty too', () => {
    const tables = fourLevels()
    translate(tables, long, linear, 0)
    expect([...tables.entries.values()].map((entry) => entry & (A | D))).toEqual([A, A, A, A])
    translate(tables, long, linear, access.write)
    expect([...tables.entries.values()].map((entry) => entry & (A | D))).toEqual([A, A, A, A | D])
  })

  test('what is marked already is not written again', () => {
    const tables = fourLevels()
    translate(tables, long, linear, access.write)
    tables.changed.length = 0
    translate(tables, long, linear, access.write)
    expect(tables.changed).toEqual([])
  })

  test('a page whose rights refuse the access is not marked', () => {
    const tables = fourLevels(0x7000n | P | U)
    const asked = access.write | access.user
    expect(translate(tables, long, linear, asked)).toEqual(fault(errorBit.present | errorBit.write | errorBit.user))
    expect(tables.entries.get(0x4018n)).toBe(0x7000n | P | U)
  })

  test('bit 7 makes a page of 2 MBytes, and the address goes on inside', () => {
    const tables = fourLevels()
    tables.entries.set(0x3008n, 0x60_0000n | all | PS)
    expect(translate(tables, long, linear, 0)).toEqual(page(0x60_3000n, { large: true }))
  })

  test('bit 7 makes a page of 1 GByte a level higher', () => {
    const tables = fourLevels()
    tables.entries.set(0x2020n, 0x1_4000_0000n | all | PS)
    expect(translate(tables, long, linear, 0)).toEqual(page(0x1_4020_3000n, { large: true }))
  })

  test('global pages are told apart only while CR4.PGE is set', () => {
    const globally = { ...long, CR4: long.CR4 | flag['CR4.PGE'] }
    expect(translate(fourLevels(0x7000n | all | G), long, linear, 0)).toEqual(page(0x7000n))
    expect(translate(fourLevels(0x7000n | all | G), globally, linear, 0)).toEqual(page(0x7000n, { global: true }))
  })

  test.each([
    ['a bit above MAXPHYADDR', 0x4018n, (1n << 46n) | 0x7000n | all, long],
    ['NX without EFER.NXE', 0x4018n, NX | 0x7000n | all, { ...long, IA32_EFER: LMA }],
    ['an unaligned page of 2 MBytes', 0x3008n, 0x60_2000n | all | PS, long],
    ['bit 7 in the uppermost table', 0x1000n, 0x2000n | all | PS, long],
  ])('%s is reserved', (_, at, entry, registers) => {
    const tables = fourLevels()
    tables.entries.set(at, entry)
    expect(translate(tables, registers, linear, 0)).toEqual(fault(errorBit.present | errorBit.reserved))
  })

  test('the fetch bit of the error code needs NXE or SMEP', () => {
    const tables = fourLevels(0n)
    expect(translate(tables, long, linear, access.execute)).toEqual(fault(errorBit.fetch))
    expect(translate(tables, { ...long, IA32_EFER: LMA }, linear, access.execute)).toEqual(fault(0))
    const smep = { ...long, IA32_EFER: LMA, CR4: long.CR4 | flag['CR4.SMEP'] }
    expect(translate(tables, smep, linear, access.execute)).toEqual(fault(errorBit.fetch))
  })
})

describe('5-level paging', () => {
  test('has one more table above', () => {
    const tables = new Tables({
      4104: 0x9000n | all,
      36864: 0x2000n | all,
      8224: 0x3000n | all,
      12296: 0x4000n | all,
      16408: 0x7000n | all,
    })
    const registers = { ...long, CR4: long.CR4 | flag['CR4.LA57'] }
    expect(translate(tables, registers, (1n << 48n) | linear, 0)).toEqual(page(0x7000n))
  })
})

/** The access that each page lets through, by SDM 3A §4.6.1. The tables above the page allow all. */
describe('rights', () => {
  const user = 0x7000n | P | U
  const supervisor = 0x7000n | P
  type Name = keyof typeof flag
  const cases: readonly [string, bigint, readonly Name[], number, 'passes' | 'faults'][] = [
    ['a program reads a user page', user, [], access.user, 'passes'],
    ['a program reads a supervisor page', supervisor, [], access.user, 'faults'],
    ['a program writes a read-only page', user, [], access.user | access.write, 'faults'],
    ['a program writes a writable page', user | W, [], access.user | access.write, 'passes'],
    ['a supervisor writes a read-only page', supervisor, [], access.write, 'passes'],
    ['a supervisor writes a read-only page under WP', supervisor, ['CR0.WP'], access.write, 'faults'],
    ['a supervisor executes a user page', user, [], access.execute, 'passes'],
    ['a supervisor executes a user page under SMEP', user, ['CR4.SMEP'], access.execute, 'faults'],
    ['a supervisor executes its own page under SMEP', supervisor, ['CR4.SMEP'], access.execute, 'passes'],
    ['a program executes a user page under SMEP', user, ['CR4.SMEP'], access.execute | access.user, 'passes'],
    ['a supervisor reads a user page under SMAP', user, ['CR4.SMAP'], 0, 'faults'],
    ['a supervisor reads a user page under SMAP with AC', user, ['CR4.SMAP'], access.override, 'passes'],
    ['a supervisor executes a user page under SMAP', user, ['CR4.SMAP'], access.execute, 'passes'],
    ['anybody executes an NX page', supervisor | NX, [], access.execute, 'faults'],
    ['anybody reads an NX page', supervisor | NX, [], 0, 'passes'],
  ]

  test.each(cases)('%s', (_, leaf, set, asked, outcome) => {
    const bits = (register: string) =>
      set.filter((name) => name.startsWith(register)).reduce((sum, name) => sum | flag[name], 0n)
    const registers = { ...long, CR0: long.CR0 | bits('CR0'), CR4: long.CR4 | bits('CR4') }
    const { kind } = translate(fourLevels(leaf), registers, linear, asked)
    expect(kind).toBe(outcome === 'passes' ? 'page' : 'fault')
  })

  test.each([
    ['read-only', 0x4000n | P | U, access.user | access.write],
    ['for supervisors', 0x4000n | P | W, access.user],
    ['never executed', 0x4000n | all | NX, access.execute],
  ])('a table that is %s makes its pages so', (_, entry, asked) => {
    const tables = fourLevels()
    tables.entries.set(0x3008n, entry)
    expect(translate(tables, long, linear, asked).kind).toBe('fault')
  })

  test('a protection key takes reads, or writes alone, away from user pages', () => {
    const keyed = 0x7000n | all | (3n << 59n)
    const registers = (PKRU: bigint) => ({ ...long, CR4: long.CR4 | flag['CR4.PKE'], PKRU })
    const walked = (PKRU: bigint, asked: number, leaf = keyed) =>
      translate(fourLevels(leaf), registers(PKRU), linear, asked | access.user)
    const denied = errorBit.present | errorBit.user | errorBit.key
    expect(walked(1n << 6n, 0)).toEqual(fault(denied))
    expect(walked(1n << 7n, 0).kind).toBe('page')
    expect(walked(1n << 7n, access.write)).toEqual(fault(denied | errorBit.write))
    expect(walked(1n << 6n, access.execute).kind).toBe('page')
    expect(walked(~(3n << 6n) & 0xffff_ffffn, access.write).kind).toBe('page')
    // the key is told of where the page forbids as well, and not where it alone does
    const readOnly = keyed & ~W
    expect(walked(1n << 7n, access.write, readOnly)).toEqual(fault(denied | errorBit.write))
    expect(walked(0n, access.write, readOnly)).toEqual(fault((denied | errorBit.write) & ~errorBit.key))
  })
})

describe('PAE paging', () => {
  const tables = () => new Tables({ 4104: 0x2000n | P, 8208: 0x3000n | all, 12312: 0x1_0000_7000n | all })

  test('has four pointers, which grant everything and are not marked', () => {
    const walked = tables()
    expect(translate(walked, pae, 0x4040_3123n, access.write | access.user)).toEqual(page(0x1_0000_7000n))
    expect(walked.entries.get(0x1008n)).toBe(0x2000n | P)
    expect(walked.changed).toEqual([0x2010n, 0x3018n])
  })

  test.each([
    ['bits 2:1 of a pointer', 0x1008n, 0x2000n | P | W],
    ['bit 63 of a pointer', 0x1008n, 0x2000n | P | NX],
    ['bits 62:52 of an entry', 0x2010n, 0x3000n | all | (1n << 52n)],
  ])('%s are reserved', (_, at, entry) => {
    const walked = tables()
    walked.entries.set(at, entry)
    const registers = { ...pae, IA32_EFER: NXE }
    expect(translate(walked, registers, 0x4040_3123n, 0)).toEqual(fault(errorBit.present | errorBit.reserved))
  })
})

describe('32-bit paging', () => {
  const tables = (directory: bigint) => new Tables({ 4100: directory, 8204: 0x7000n | all })

  test('ten bits of the address choose in each of two tables', () => {
    expect(translate(tables(0x2000n | all), narrow, 0x40_3abcn, 0)).toEqual(page(0x7000n))
  })

  test('bit 7 means a page of 4 MBytes only with CR4.PSE, and has address bits 39:32 at 20:13', () => {
    const large = 0x0140_0000n | (0x12n << 13n) | all | PS
    const registers = { ...narrow, CR4: flag['CR4.PSE'] }
    expect(translate(tables(large), registers, 0x40_3abcn, 0)).toEqual(page(0x12_0140_3000n, { large: true }))
    expect(translate(tables(0x2000n | all | PS), narrow, 0x40_3abcn, 0)).toEqual(page(0x7000n))
  })

  test('an address of a 4-MByte page beyond MAXPHYADDR is reserved', () => {
    const tables = () => new Tables({ 4100: 0x0002_0000n | 0x80_0000n | all | PS })
    const registers = { ...narrow, CR4: flag['CR4.PSE'] }
    expect(translate(tables(), registers, 0x40_3abcn, 0)).toEqual(page(0x10_0080_3000n, { large: true }))
    const smaller = { ...registers, PHYSICAL_MASK: (1n << 36n) - 1n }
    expect(translate(tables(), smaller, 0x40_3abcn, 0)).toEqual(fault(errorBit.present | errorBit.reserved))
  })

  test('bit 21 of a large page is reserved', () => {
    const registers = { ...narrow, CR4: flag['CR4.PSE'] }
    const walked = translate(tables(0x0160_0000n | all | PS), registers, 0x40_3abcn, 0)
    expect(walked).toEqual(fault(errorBit.present | errorBit.reserved))
  })

  test('both tables must let a program write', () => {
    const asked = access.user | access.write
    expect(translate(tables(0x2000n | P | U), narrow, 0x40_3abcn, asked).kind).toBe('fault')
    expect(translate(tables(0x2000n | all), narrow, 0x40_3abcn, asked).kind).toBe('page')
  })
})
