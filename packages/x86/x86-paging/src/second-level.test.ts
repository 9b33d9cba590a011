import { eptControls } from '@vmm/x86-registers'
import { describe, expect, test } from 'vitest'
import {
  access,
  type EntryMemory,
  errorBit,
  type PagingRegisters,
  type SecondLevelRefusal,
  translate,
} from './index.ts'

const [R, W, X] = [1n, 2n, 4n]
const all = R | W | X
const large = 0x80n
/** Write-back, the memory type of a leaf. */
const WB = 6n << 3n
const [accessed, dirty] = [0x100n, 0x200n]
const marks = 0x40n

/** EPT pointers: write-back, four levels, the first table at 10_0000H. */
const four = 0x10_0000n | (3n << 3n) | 6n
const five = 0x10_0000n | (4n << 3n) | 6n
const violation = 48
const misconfiguration = 49

const unpaged: PagingRegisters = {
  ...{ CR0: 1n, CR3: 0n, CR4: 0n, IA32_EFER: 0n, PKRU: 0n, PHYSICAL_MASK: (1n << 46n) - 1n },
  EPTP: four,
}

class Tables {
  readonly entries: Map<bigint, bigint>

  constructor(entries: readonly (readonly [bigint, bigint])[]) {
    this.entries = new Map(entries)
  }

  read = (address: bigint, bytes: 4 | 8): bigint => BigInt.asUintN(bytes * 8, this.entries.get(address) ?? 0n)

  swap = (address: bigint, _bytes: 4 | 8, expected: bigint, value: bigint): boolean => {
    if (this.entries.get(address) !== expected) return false
    this.entries.set(address, value)
    return true
  }
}

/** Tables at 10_0000H, 10_1000H, 10_2000H and 10_3000H that map a few pages of the first 2 MiB, by entries given. */
const mapping = (
  leaves: Readonly<Record<number, bigint>>,
  rights: readonly [bigint, bigint, bigint] = [all, all, all],
) =>
  new Tables([
    [0x10_0000n, 0x10_1000n | rights[0]],
    [0x10_1000n, 0x10_2000n | rights[1]],
    [0x10_2000n, 0x10_3000n | rights[2]],
    ...Object.entries(leaves).map(([page, leaf]) => [0x10_3000n + BigInt(page) * 8n, leaf] as const),
  ])

const linear = 0x5123n
const page5 = (leaf: bigint, rights?: readonly [bigint, bigint, bigint]) => mapping({ 5: leaf }, rights)
const good = 0x7000n | WB | all

function refused(exitReason: number, qualification = 0n, address = linear): SecondLevelRefusal {
  return { kind: 'refused', exitReason, address, qualification, entry: expect.anything() }
}

/** Of a qualification: there is a linear address, which users may write to, and the access was to what it leads to. */
const ofProgram = 0x780n

describe('without paging a linear address is a guest-physical one', () => {
  test('which four levels translate', () => {
    expect(translate(page5(good), unpaged, linear, 0)).toMatchObject({ kind: 'page', frame: 0x7000n })
  })

  test('or five', () => {
    const tables = new Tables([
      ...[0x10_0000n, 0x10_1000n, 0x10_2000n, 0x10_3000n].map((at) => [at, (at + 0x1000n) | all] as const),
      [0x10_4028n, good],
    ])
    expect(translate(tables, { ...unpaged, EPTP: five }, linear, 0)).toMatchObject({ kind: 'page', frame: 0x7000n })
  })

  test.each([
    ['2 MiB', 0x10_2000n, 0x4000_0000n, 0x4000_5000n],
    ['1 GiB', 0x10_1000n, 0x8000_0000n, 0x8000_5000n],
  ] as const)('a page of %s is one entry', (_, at, base, frame) => {
    const tables = page5(good)
    tables.entries.set(at, base | large | WB | all)
    expect(translate(tables, unpaged, linear, 0)).toMatchObject({ kind: 'page', frame })
  })

  test('and nothing is where the pointer is 0', () => {
    expect(translate(new Tables([]), { ...unpaged, EPTP: 0n }, linear, 0)).toMatchObject({ frame: 0x5000n })
  })
})

describe('a violation', () => {
  test.each([
    ['a load', 0, 1n],
    ['a store', access.write, 2n],
    ['a fetch', access.execute, 4n],
  ] as const)('of %s where nothing is says what was asked, and that nothing is permitted', (_, how, asked) => {
    expect(translate(page5(0n), unpaged, linear, how)).toEqual(refused(violation, asked | ofProgram))
  })

  test.each([
    ['a store to what can be read and executed', 0x7000n | WB | R | X, access.write, 2n | ((R | X) << 3n)],
    ['a load of what can be executed alone', 0x7000n | WB | X, 0, 1n | (X << 3n)],
    ['a fetch of what can be read and written', 0x7000n | WB | R | W, access.execute, 4n | ((R | W) << 3n)],
  ] as const)('is %s', (_, leaf, how, asked) => {
    expect(translate(page5(leaf), unpaged, linear, how)).toEqual(refused(violation, asked | ofProgram))
  })

  test('what every entry on the way permits is permitted', () => {
    const tables = page5(good, [all, R | X, R | W])
    expect(translate(tables, unpaged, linear, access.write)).toEqual(refused(violation, 2n | (R << 3n) | ofProgram))
    expect(translate(tables, unpaged, linear, 0)).toMatchObject({ kind: 'page' })
  })
})

describe('a misconfiguration', () => {
  test.each([
    ['write without read', 0x7000n | WB | W],
    ['write and execute without read', 0x7000n | WB | W | X],
    ['memory type 2', 0x7000n | (2n << 3n) | all],
    ['memory type 3', 0x7000n | (3n << 3n) | all],
    ['memory type 7', 0x7000n | (7n << 3n) | all],
    ['an address beyond MAXPHYADDR', (1n << 46n) | WB | all],
  ] as const)('is %s in a leaf', (_, leaf) => {
    expect(translate(page5(leaf), unpaged, linear, 0)).toEqual(refused(misconfiguration))
  })

  test.each([
    ['0 (UC)', 0n],
    ['1 (WC)', 1n],
    ['4 (WT)', 4n],
    ['5 (WP)', 5n],
    ['6 (WB)', 6n],
  ] as const)('is not memory type %s', (_, type) => {
    expect(translate(page5(0x7000n | (type << 3n) | all), unpaged, linear, 0)).toMatchObject({ kind: 'page' })
  })

  test.each([
    ['bit 7 of the first table', 0x10_0000n, 0x10_1000n | all | large],
    ['bit 3 of the first table', 0x10_0000n, 0x10_1000n | all | 8n],
    ['bit 6 of the second', 0x10_1000n, 0x10_2000n | all | 0x40n],
    ['bit 3 of the third', 0x10_2000n, 0x10_3000n | all | 8n],
    ['bit 12 of a page of 2 MiB', 0x10_2000n, 0x20_1000n | all | large | WB],
    ['bit 29 of a page of 1 GiB', 0x10_1000n, 0x2000_0000n | all | large | WB],
  ] as const)('is %s', (_, at, entry) => {
    const tables = page5(good)
    tables.entries.set(at, entry)
    expect(translate(tables, unpaged, linear, 0)).toEqual(refused(misconfiguration))
  })

  test('is not what permits nothing, whatever else is set', () => {
    expect(translate(page5(0x7000n | (7n << 3n)), unpaged, linear, 0)).toMatchObject({ exitReason: violation })
  })
})

describe('accessed and dirty flags', () => {
  const marking = { ...unpaged, EPTP: four | marks }

  test('are set in what was used, and dirty in the leaf of a store', () => {
    const tables = page5(good)
    translate(tables, marking, linear, access.write)
    expect(tables.entries.get(0x10_0000n)).toBe(0x10_1000n | all | accessed)
    expect(tables.entries.get(0x10_3028n)).toBe(good | accessed | dirty)
  })

  test('a load leaves the leaf clean', () => {
    const tables = page5(good)
    translate(tables, marking, linear, 0)
    expect(tables.entries.get(0x10_3028n)).toBe(good | accessed)
  })

  test('are not touched where the pointer does not ask for them', () => {
    const tables = page5(good)
    translate(tables, unpaged, linear, access.write)
    expect(tables.entries.get(0x10_3028n)).toBe(good)
  })
})

describe('under paging of the guest’s own', () => {
  /** One page at linear address 5000H through 32-bit paging: its directory is page 1, its table page 2, the page itself page 3. */
  const registers: PagingRegisters = { ...unpaged, CR0: (1n << 31n) | 1n, CR3: 0x1000n }
  const guest = (leaves: Readonly<Record<number, bigint>>, table = 0x2000n | 7n, entry = 0x3000n | 7n) => {
    const tables = mapping(leaves)
    tables.entries.set(0x7_1000n, table)
    tables.entries.set(0x7_2014n, entry)
    return tables
  }
  const three = { 1: 0x7_1000n | WB | all, 2: 0x7_2000n | WB | all, 3: 0x7_3000n | WB | all }

  test('its entries are read where EPT has them, and so is its page', () => {
    const tables = guest(three)
    expect(translate(tables, registers, linear, access.write)).toMatchObject({ kind: 'page', frame: 0x7_3000n })
    expect(tables.entries.get(0x7_2014n)).toBe(0x3000n | 7n | 0x60n)
  })

  test('a table that EPT does not have is a violation of a load, and not of what the address leads to', () => {
    expect(translate(guest({ ...three, 2: 0n }), registers, linear, access.write)).toEqual(
      refused(violation, 1n | 0x80n, 0x2014n),
    )
  })

  test('with accessed and dirty flags it counts as a load and a store', () => {
    const tables = guest({ ...three, 2: 0x7_2000n | WB | R })
    expect(translate(tables, { ...registers, EPTP: four | marks }, linear, 0)).toEqual(
      refused(violation, 3n | (R << 3n) | 0x80n, 0x2014n),
    )
  })

  test('an entry that has to be marked has to be writable', () => {
    const tables = guest({ ...three, 2: 0x7_2000n | WB | R })
    expect(translate(tables, registers, linear, 0)).toMatchObject({ exitReason: violation, address: 0x2014n })
    tables.entries.set(0x7_2014n, 0x3000n | 7n | 0x20n)
    expect(translate(tables, registers, linear, 0)).toMatchObject({ kind: 'page', frame: 0x7_3000n })
  })

  test('what the guest’s own paging refuses is its #PF', () => {
    expect(translate(guest(three, 0x2000n | 7n, 0n), registers, linear, access.write)).toEqual({
      kind: 'fault',
      errorCode: errorBit.write,
    })
  })

  test('the page is asked for as the program asks for it', () => {
    expect(translate(guest({ ...three, 3: 0x7_3000n | WB | R }), registers, linear, access.write)).toEqual(
      refused(violation, 2n | (R << 3n) | ofProgram, 0x3123n),
    )
  })

  test.each(['PAE', 'long'] as const)('%s paging is translated entry by entry, too', (kind) => {
    const pae = { ...registers, CR4: 0x20n }
    const given = kind === 'PAE' ? pae : { ...pae, IA32_EFER: 0x400n }
    const tables = mapping({ ...three, 4: 0x7_4000n | WB | all, 6: 0x7_6000n | WB | all })
    const long = [
      [0x7_1000n, 0x2007n],
      [0x7_2000n, 0x4007n],
      [0x7_4000n, 0x6007n],
      [0x7_6028n, 0x3007n],
    ] as const
    // the four pointers of PAE paging are the processor's: here they are read where CR3 says
    const short = [
      [0x1000n, 0x2001n],
      [0x7_2000n, 0x6007n],
      [0x7_6028n, 0x3007n],
    ] as const
    for (const [at, entry] of kind === 'PAE' ? short : long) tables.entries.set(at, entry)
    expect(translate(tables, given, linear, 0)).toMatchObject({ kind: 'page', frame: 0x7_3000n })
  })
})

describe('what the guest’s paging says of an address is told', () => {
  /** One page at linear address 5000H through PAE paging in long mode, whose tables are pages 1, 2, 4 and 6. */
  const registers: PagingRegisters = { ...unpaged, CR0: (1n << 31n) | 1n, CR3: 0x1000n, CR4: 0x20n, IA32_EFER: 0xc00n }
  const leaf = (page: number) => [page, BigInt(0x7_0000 + page * 0x1000) | WB | all] as const
  const guest = (entry: bigint) => {
    const tables = mapping({ ...Object.fromEntries([1, 2, 4, 6].map(leaf)), 3: 0n })
    for (const [at, value] of [
      [0x7_1000n, 0x2007n],
      [0x7_2000n, 0x4007n],
      [0x7_4000n, 0x6007n],
      [0x7_6028n, entry],
    ] as const)
      tables.entries.set(at, value)
    return tables
  }

  test.each([
    ['a page of users that may be written to', 0x3007n, 0x600n],
    ['one of supervisors', 0x3003n, 0x400n],
    ['one that is only read', 0x3005n, 0x200n],
    ['one without code', 0x8000_0000_0000_3007n, 0xe00n],
  ] as const)('%s', (_, entry, qualification) => {
    const found = translate(guest(entry), registers, linear, 0)
    expect(found).toEqual(refused(violation, 1n | 0x180n | qualification, 0x3123n))
  })
})

describe('page-modification logging', () => {
  const logging = { ...unpaged, EPTP: four | marks, EPT_CONTROLS: BigInt(eptControls.log) }
  const noted = (tables: Tables, more: Partial<EntryMemory> = {}) => {
    const pages: bigint[] = []
    const memory: EntryMemory = { ...tables, logPage: (address) => void pages.push(address), ...more }
    return { memory, pages }
  }

  test('tells of a page that gets dirty, by the address of its 4 KiB', () => {
    const { memory, pages } = noted(page5(good))
    translate(memory, logging, linear, access.write)
    translate(memory, logging, linear, access.write)
    expect(pages).toEqual([0x5000n])
  })

  test('tells of the guest’s tables, which count as written to', () => {
    const tables = mapping({ 1: 0x7_1000n | WB | all, 2: 0x7_2000n | WB | all, 3: 0x7_3000n | WB | all })
    tables.entries.set(0x7_1000n, 0x2007n)
    tables.entries.set(0x7_2014n, 0x3007n)
    const { memory, pages } = noted(tables)
    translate(memory, { ...logging, CR0: (1n << 31n) | 1n, CR3: 0x1000n }, linear, 0)
    expect(pages).toEqual([0x1000n, 0x2000n])
  })

  test('refuses while the log is full, and marks nothing', () => {
    const tables = page5(good)
    const { memory } = noted(tables, { logHasRoom: () => false })
    expect(translate(memory, logging, linear, 0)).toMatchObject({ kind: 'refused', exitReason: 62, qualification: 0n })
    expect(tables.entries.get(0x10_0000n)).toBe(0x10_1000n | all)
  })
})

test('an entry that another processor changes meanwhile is looked at again', () => {
  const tables = page5(good)
  let raced = false
  const memory: EntryMemory = {
    ...tables,
    swap: (address, bytes, expected, value) => {
      if (address === 0x10_3028n && !raced) {
        raced = true
        tables.entries.set(address, good | accessed)
      }
      return tables.swap(address, bytes, expected, value)
    },
  }
  expect(translate(memory, { ...unpaged, EPTP: four | marks }, linear, access.write)).toMatchObject({ kind: 'page' })
  expect(tables.entries.get(0x10_3028n)).toBe(good | accessed | dirty)
})
