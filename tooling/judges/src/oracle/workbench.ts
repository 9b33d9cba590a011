import { type StateField, segmentNames, stateFields } from '@vmm/x86-registers'
import { type Image, region, regions } from './image.ts'
import { at } from './layout.ts'

/** What is put on the bench. */
export interface Piece {
  readonly mode: 'real' | 'protected' | 'long'
  readonly code: readonly number[]
  /** Where it begins, in segments without a base. */
  readonly rip?: number
  readonly fields?: Partial<Record<StateField, bigint>>
  readonly gprs?: Readonly<Record<number, bigint>>
  readonly rflags?: bigint
  /** Bytes at guest-physical addresses. */
  readonly memory?: readonly (readonly [address: number, bytes: readonly number[]])[]
}

const page = 0x1000
/** Page tables of the long mode: four levels, of which the last maps the first pages to themselves, for the supervisor. */
export const lastTable = at.tables + 3 * page
const pages = 32

/** A quiet machine for one case: flat segments, CPL 0, every page mapped to itself. */
export function bench({ mode, code, rip = at.code, fields = {}, gprs = {}, rflags = 2n, memory = [] }: Piece): Image {
  const contents = regions.map((each) => new Uint8Array(each.bytes))
  const all = new Map((Object.keys(stateFields) as StateField[]).map((name) => [name, 0n]))
  const set = (values: Partial<Record<StateField, bigint>>) => {
    for (const [name, value] of Object.entries(values)) all.set(name as StateField, value)
  }
  set({
    CR0: mode === 'real' ? 0x10n : 0x11n,
    PHYSICAL_MASK: (1n << 46n) - 1n,
    RIP: BigInt(rip),
    FCW: 0x37fn,
    MXCSR: 0x1f80n,
  })
  set({
    SHADOW: (1n << 64n) - 1n,
    MONITOR: (1n << 64n) - 1n,
    DR7: 0x400n,
    CR4: 0x600n,
    CR4_ALLOWED: 0x77_1fffn,
    XCR0: 1n,
  })
  for (const name of segmentNames) {
    const big = mode === 'real' ? 0n : name === 'CS' && mode === 'long' ? 0xa000n : 0xc000n
    all.set(`${name}.limit`, mode === 'real' ? 0xffffn : 0xffff_ffffn)
    all.set(`${name}.access`, (name === 'CS' ? 0x9bn : 0x93n) | big)
    if (mode !== 'real') all.set(`${name}.selector`, name === 'CS' ? 8n : 16n)
  }
  if (mode === 'long') {
    set({ CR0: 0x8001_0011n, CR4: 0x620n, CR3: BigInt(at.tables), IA32_EFER: 0xd00n })
    mapPages(contents[region.tables]!)
  }
  set(fields)
  contents[region.memory]!.set(code, rip)
  for (const [address, bytes] of memory) {
    const index = regions.findIndex((each) => address >= each.address && address < each.address + each.bytes)
    contents[index]!.set(bytes, address - regions[index]!.address)
  }
  return {
    title: `${mode} on the bench`,
    fields: all,
    gprs: Array.from({ length: 16 }, (_, index) => gprs[index] ?? 0n),
    rflags,
    vectors: Array.from({ length: 32 }, () => 0n),
    x87: Array.from({ length: 8 }, () => 0n),
    memory: contents,
  }
}

function mapPages(tables: Uint8Array): void {
  const view = new DataView(tables.buffer)
  for (let level = 0; level < 3; level += 1)
    view.setBigUint64(level * page, BigInt(at.tables + (level + 1) * page) | 7n, true)
  for (let index = 0; index < pages; index += 1)
    view.setBigUint64(3 * page + index * 8, BigInt(index * page) | 3n, true)
}
