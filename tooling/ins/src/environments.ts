import { accessRights, type DescriptorName, type StateField, stateFields } from '@vmm/x86-registers'

/** Guest memory that exists: from 0. */
export const memoryBytes = 0x40_0000

/** A stretch of memory that is zero before a case and is compared after it. */
export interface Window {
  readonly address: number
  readonly bytes: number
}

/** What surrounds an instruction in a mode, before the case says otherwise. */
export interface Environment {
  /** Linear (and physical) address of the instruction. */
  readonly code: number
  readonly codeSize: 16 | 32 | 64
  readonly fields: ReadonlyMap<StateField, bigint>
  readonly rflags: bigint
  /** Tables that the processor reads: descriptors, page tables. */
  readonly tables: readonly { readonly address: number; readonly bytes: Uint8Array }[]
  readonly windows: readonly Window[]
  readonly stackPointer: bigint
}

/**
 * The modes of cases. `64`, `c32` and `c16` are code of a program (CPL 3) in 64-bit and compatibility mode, as Linux
 * sets programs up: what a real CPU can be asked. `64k` is 64-bit code at CPL 0, `p32` and `p16` protected mode without
 * paging at CPL 0, `p32u` the same at CPL 3; `real` and `v86` speak for themselves.
 */
export const modeNames = ['64', 'c32', 'c16', '64k', 'p32', 'p32u', 'p16', 'real', 'v86'] as const
export type ModeName = (typeof modeNames)[number]

/** Whether a word names a mode. */
export const isModeName = (word: string): word is ModeName => (modeNames as readonly string[]).includes(word)

/**
 * Where programs keep data, stack and code, in linear addresses. The page at `hole` is
 * nobody's, nor are those before and behind the data.
 */
export const layout = {
  data: 0x10_0000,
  dataBytes: 0x1_0000,
  stack: 0x10_8000n,
  code: 0x20_0000,
  hole: 0x18_0000,
} as const

const tables = { pages: 0x30_0000, gdt: 0x32_0000, tss: 0x32_2000, ldt: 0x32_3000 } as const

/** Access bytes and flags of segments, in the form of VMX. */
const access = { code: 0xfb, data: 0xf3, kernelCode: 0x9b, kernelData: 0x93 } as const
const { long, big, granular, unusable } = accessRights

interface Segment {
  readonly selector: number
  readonly base?: number
  readonly limit?: number
  readonly access: number
}

const flat = (selector: number, rights: number): Segment => ({
  selector,
  access: rights | granular,
  limit: 0xffff_ffff,
})

/** 64 KByte of 16-bit code or data. */
const small = (selector: number, base: number, rights: number): Segment => ({
  selector,
  base,
  access: rights,
  limit: 0xffff,
})

/** The selectors of Linux for its programs and itself; below and above, the ones that other modes need. */
const segments = {
  kernel32: flat(0x08, access.kernelCode | big),
  kernel64: flat(0x10, access.kernelCode | long),
  kernelData: flat(0x18, access.kernelData | big),
  user32: flat(0x23, access.code | big),
  userData: flat(0x2b, access.data | big),
  user64: flat(0x33, access.code | long),
  kernel16: small(0x38, layout.code, access.kernelCode),
  kernelData16: small(0x40, layout.data, access.kernelData),
  /** The first descriptors of the LDT. */
  user16: small(0x07, layout.code, access.code),
  userData16: small(0x0f, layout.data, access.data),
} as const

const nothing: Segment = { selector: 0, access: unusable, limit: 0 }

/** The eight bytes of a descriptor. Source: SDM 3A §3.4.5, Figure 3-8. */
function descriptor({ base = 0, limit = 0xffff, access: rights }: Segment): bigint {
  const units = BigInt((rights & granular) === 0 ? limit : limit >>> 12)
  const where = BigInt(base)
  return (
    (units & 0xffffn) |
    ((where & 0xff_ffffn) << 16n) |
    (BigInt(rights & 0xff) << 40n) |
    (((units >> 16n) & 0xfn) << 48n) |
    (BigInt((rights >> 12) & 0xf) << 52n) |
    ((where >> 24n) << 56n)
  )
}

/** 64-bit words one after another. */
function words(values: readonly bigint[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 8)
  const view = new DataView(bytes.buffer)
  values.forEach((value, index) => {
    view.setBigUint64(index * 8, BigInt.asUintN(64, value), true)
  })
  return bytes
}

function globalTable(): Uint8Array {
  const entries = new Array<bigint>(16).fill(0n)
  for (const segment of Object.values(segments)) {
    if ((segment.selector & 4) === 0) entries[segment.selector >> 3] = descriptor(segment)
  }
  // the TSS at 50H, the LDT at 60H; the upper halves of 64-bit system descriptors are zero
  entries[10] = descriptor({ selector: 0x50, base: tables.tss, limit: 0x67, access: 0x8b })
  entries[12] = descriptor({ selector: 0x60, base: tables.ldt, limit: 0xfff, access: 0x82 })
  return words(entries)
}

const holes: ReadonlySet<number> = new Set([layout.hole, layout.data - 0x1000, layout.data + layout.dataBytes])

/** 4-KByte pages for the first four MByte, one to one: data and code are the program's, holes nobody's. */
function pageTables(): Uint8Array {
  const [present, writable, user] = [1n, 2n, 4n]
  const all = present | writable | user
  const table = (at: number) => BigInt(tables.pages + at * 0x1000)
  const entries = new Array<bigint>(5 * 512).fill(0n)
  entries[0] = table(1) | all
  entries[512] = table(2) | all
  entries[1024] = table(3) | all
  entries[1025] = table(4) | all
  for (let page = 0; page < 1024; page += 1) {
    const address = page * 0x1000
    const mine = (address >= layout.data && address < layout.data + layout.dataBytes) || address === layout.code
    if (holes.has(address)) continue
    // accessed and dirty already, so that no walk changes a table
    entries[1536 + page] = BigInt(address) | present | writable | 0x60n | (mine ? user : 0n)
  }
  for (const index of [0, 512, 1024, 1025]) entries[index]! |= 0x20n
  return words(entries)
}

const systemTables = [
  { address: tables.gdt, bytes: globalTable() },
  { address: tables.ldt, bytes: words([descriptor(segments.user16), descriptor(segments.userData16)]) },
  // the I/O map begins behind the limit: no port is allowed
  { address: tables.tss, bytes: Uint8Array.from({ length: 0x68 }, (_, at) => (at === 0x66 ? 0x68 : 0)) },
]

type SegmentSet = Partial<Record<DescriptorName, Segment>>

function fieldsOf(set: SegmentSet, others: Partial<Record<StateField, bigint>>): ReadonlyMap<StateField, bigint> {
  const fields = new Map<StateField, bigint>((Object.keys(stateFields) as StateField[]).map((field) => [field, 0n]))
  const put = (part: Partial<Record<StateField, bigint>>) => {
    for (const [field, value] of Object.entries(part)) fields.set(field as StateField, value)
  }
  put(everywhere)
  for (const [name, { selector, base = 0, limit = 0xffff, access: rights }] of Object.entries(set))
    put({
      [`${name}.selector`]: BigInt(selector),
      [`${name}.base`]: BigInt(base),
      [`${name}.limit`]: BigInt(limit >>> 0),
      [`${name}.access`]: BigInt(rights),
    })
  put(others)
  fields.delete('RFLAGS')
  return fields
}

const everywhere: Partial<Record<StateField, bigint>> = {
  CR4_ALLOWED: 0x7f_ffffn,
  PHYSICAL_MASK: (1n << 46n) - 1n,
  DR6: 0xffff_0ff0n,
  DR7: 0x400n,
  XCR0: 3n,
  MXCSR: 0x1f80n,
  FCW: 0x37fn,
  SHADOW: (1n << 64n) - 1n,
  MONITOR: (1n << 64n) - 1n,
  'GDTR.base': BigInt(tables.gdt),
  'GDTR.limit': 0x7fn,
}

const system: SegmentSet = {
  TR: { selector: 0x50, base: tables.tss, limit: 0x67, access: 0x8b },
  LDTR: { selector: 0x60, base: tables.ldt, limit: 0xfff, access: 0x82 },
}

const data = (segment: Segment): SegmentSet => ({ DS: segment, ES: segment, SS: segment })

/** OSFXSR, OSXMMEXCPT, PAE; TSD is clear. */
const features = 0x620n
const protectedMode = { CR0: 0x1_0033n, CR4: features }
/** With CR0.AM, as Linux has it. */
const programMode = { CR0: 0x8005_0033n, CR3: BigInt(tables.pages), CR4: features, IA32_EFER: 0xd01n, CPL: 3n }
const longMode = { CR0: 0x8001_0033n, CR3: BigInt(tables.pages), CR4: features, IA32_EFER: 0xd01n }

const programWindows: readonly Window[] = [{ address: layout.data, bytes: layout.dataBytes }]
const systemWindows: readonly Window[] = [...programWindows, { address: tables.gdt, bytes: 0x8000 }]

function withSegments(
  codeSize: Environment['codeSize'],
  set: SegmentSet,
  others: Partial<Record<StateField, bigint>>,
  rflags: bigint,
): Environment {
  const base = set.CS?.base ?? 0
  const paged = others.CR3 === undefined ? [] : [{ address: tables.pages, bytes: pageTables() }]
  return {
    code: layout.code,
    codeSize,
    fields: fieldsOf({ FS: nothing, GS: nothing, ...system, ...set }, { RIP: BigInt(layout.code - base), ...others }),
    rflags,
    tables: [...systemTables, ...paged],
    windows: paged.length > 0 && others.CPL === 3n ? programWindows : systemWindows,
    stackPointer: codeSize === 16 ? 0x8000n : layout.stack,
  }
}

/** 16-bit segments of 64 KByte: code at 2000H:0, data at 1000H:0, the stack at 3000H:8000H. */
function realSegments(rights: number): SegmentSet {
  const at = (selector: number): Segment => ({ selector, base: selector * 16, limit: 0xffff, access: rights })
  return { CS: at(0x2000), DS: at(0x1000), ES: at(0x1000), SS: at(0x3000), FS: at(0x1000), GS: at(0x1000), ...system }
}

const realWindows: readonly Window[] = [
  { address: 0, bytes: 0x400 },
  { address: 0x1_0000, bytes: 0x1_0000 },
  { address: 0x3_0000, bytes: 0x1_0000 },
]

function sixteenBit(rights: number, others: Partial<Record<StateField, bigint>>, rflags: bigint): Environment {
  return {
    code: 0x2_0000,
    codeSize: 16,
    fields: fieldsOf(realSegments(rights), { CR4: features, 'IDTR.limit': 0x3ffn, ...others }),
    rflags,
    tables: systemTables,
    windows: realWindows,
    stackPointer: 0x8000n,
  }
}

const program = 0x202n

/** The surroundings of each mode. */
export const environments: Readonly<Record<ModeName, Environment>> = {
  '64': withSegments(
    64,
    { CS: segments.user64, SS: segments.userData, DS: segments.userData, ES: segments.userData },
    programMode,
    program,
  ),
  c32: withSegments(32, { CS: segments.user32, ...data(segments.userData) }, programMode, program),
  c16: withSegments(16, { CS: segments.user16, ...data(segments.userData16) }, programMode, program),
  '64k': withSegments(64, { CS: segments.kernel64, ...data(segments.kernelData) }, { ...longMode, CPL: 0n }, program),
  p32: withSegments(
    32,
    { CS: segments.kernel32, ...data(segments.kernelData) },
    { ...protectedMode, CPL: 0n },
    program,
  ),
  p32u: withSegments(32, { CS: segments.user32, ...data(segments.userData) }, { ...protectedMode, CPL: 3n }, program),
  p16: withSegments(
    16,
    { CS: segments.kernel16, ...data(segments.kernelData16) },
    { ...protectedMode, CPL: 0n },
    program,
  ),
  real: sixteenBit(0x93, { CR0: 0x32n }, program),
  v86: sixteenBit(0xf3, { CR0: 0x33n, CPL: 3n }, program | (1n << 17n)),
}

/** What general register `index` holds unless a case says otherwise: its number in every nibble. */
export function backgroundGpr(environment: Environment, index: number): bigint {
  if (index === 4) return environment.stackPointer
  const pattern = 0x1111_1111_1111_1111n * BigInt(index)
  return environment.codeSize === 64 ? pattern : pattern & 0xffff_ffffn
}

/** The same for XMM registers, with an F in front, and an E in the upper halves of YMM registers. */
export function backgroundYmm(index: number): bigint {
  const low = 0xf0f0_f0f0_f0f0_f0f0_f0f0_f0f0_f0f0_f0f0n
  const high = 0xe0e0_e0e0_e0e0_e0e0_e0e0_e0e0_e0e0_e0e0n
  const number = 0x0101_0101_0101_0101_0101_0101_0101_0101n * BigInt(index)
  return ((high | number) << 128n) | low | number
}
