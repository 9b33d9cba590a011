import { type SegmentName, type StateField, segmentNames, stateFields } from '@vmm/x86-registers'
import { Random } from '../cpu/random.ts'
import { writeDescriptors, writeGates, writeTask } from './descriptors.ts'
import { type Image, region, regions } from './image.ts'
import { InstructionBytes } from './instruction-bytes.ts'
import { at, slot } from './layout.ts'
import { extended, float, integer, scatter } from './numbers.ts'
import { type Paging, writePageTables } from './page-tables.ts'

/** The modes that cases begin in. */
export const modes = ['real', 'virtual-8086', 'protected-16', 'protected-32', 'compatibility', 'long'] as const
export type ModeName = (typeof modes)[number]

/** What is asked of a scene. */
export interface SceneOptions {
  readonly seed: number
  readonly mode: ModeName
  /** Instructions by the rows, or bytes that may be anything; hostile ones have a state that may be anything too. */
  readonly bytes: 'instructions' | 'noise' | 'hostile'
  readonly only?: string
}

/** Access rights in the form of VMX: present segments of both levels. */
const rights = { code: 0x9b, data: 0x93, big: 0x4000, long: 0x2000, granular: 0x8000, unusable: 0x1_0000 } as const
const codeBytes = 0x60

/** The memory of whichever scene was made last. */
const emptied = regions.map((each) => new Uint8Array(each.bytes))

/** A random beginning, good until the next one is asked for: a mode, its tables, registers that point at memory, and instructions at RIP. */
export function sceneOf({ seed, mode, bytes, only }: SceneOptions): Image {
  const random = new Random(seed)
  const paging = pagingOf(random, mode)
  const memory = emptied
  for (const bytes of memory) bytes.fill(0)
  fillGuards(memory)
  const fields = new Map<StateField, bigint>((Object.keys(stateFields) as StateField[]).map((name) => [name, 0n]))
  const set = (field: StateField, value: bigint | number) => fields.set(field, BigInt(value))
  const level = levelOf(random, mode)
  writeMemory(memory, random, mode)
  set('CR3', writePageTables(viewOf(memory[region.tables]!), random, paging))
  if (paging === 'PAE') setPagePointers(set, memory[region.tables]!, Number(fields.get('CR3')!))
  setControl(set, random, mode, paging, level)
  setSystem(set, random, mode)
  setSegments(set, random, mode, level)
  const rip =
    at.code + random.pick([0, 0, 1, 7, 0xff0 + random.below(16), 0x1ff8 + random.below(8), random.below(0x1000)])
  const base = Number(fields.get('CS.base')!)
  set('RIP', rip - base)
  const code = new InstructionBytes(random, only)
  const codeSize = codeSizeOf(mode)
  writeCode(memory[region.memory]!, rip, () => (bytes === 'instructions' ? code.instruction(codeSize) : code.noise(16)))
  return {
    title: `${mode}, ${paging} paging, level ${level}, seed ${seed}`,
    fields,
    gprs: withMetadata(
      Array.from({ length: 16 }, (_, index) => register(random, index, mode)),
      fields,
      new Random(seed ^ 0x4c_414d),
      mode,
    ),
    rflags: flagsOf(random, mode),
    vectors: Array.from({ length: 32 }, (_, index) => (index < 16 ? vector(random) : 0n)),
    x87: Array.from({ length: 8 }, () => extended(random)),
    memory,
    event: random.once(3) ? { vector: random.below(64), kind: random.below(4) } : undefined,
  }
}

/** In one scene of four of 64-bit code linear addresses are masked, and pointers have metadata, which is not always where it may be. */
function withMetadata(
  gprs: readonly bigint[],
  fields: Map<StateField, bigint>,
  random: Random,
  mode: ModeName,
): readonly bigint[] {
  if (mode !== 'long' || !random.once(4)) return gprs
  const change = (field: StateField, bits: bigint) => fields.set(field, fields.get(field)! | bits)
  change('CR4_ALLOWED', 1n << 28n)
  change('CR3', random.pick([0n, 1n, 1n, 2n, 2n, 3n]) << 61n)
  change('CR4', random.once(2) ? 1n << 28n : 0n)
  const places = random.pick([0x7e00n, 0x7fffn, 0x7fffn, 0xffffn]) << 48n
  return gprs.map((value) => (random.once(2) ? value ^ (random.bits() & places) : value))
}

/** Half of the YMM registers are as the ABI has them, clear above. */
function vector(random: Random): bigint {
  const half = () => (float(random) << 64n) | float(random)
  const low = half()
  return random.once(2) ? low : (half() << 128n) | low
}

/** PAE paging keeps its uppermost entries as they were when CR3 was loaded. */
function setPagePointers(set: Set, tables: Uint8Array, cr3: number): void {
  for (const index of [0, 1, 2, 3] as const)
    set(`PDPTE${index}`, viewOf(tables).getBigUint64(cr3 - at.tables + index * 8, true))
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset)
const codeSizeOf = (mode: ModeName): 16 | 32 | 64 =>
  mode === 'long' ? 64 : mode === 'protected-32' || mode === 'compatibility' ? 32 : 16

function pagingOf(random: Random, mode: ModeName): Paging {
  if (mode === 'real') return 'none'
  if (mode === 'long' || mode === 'compatibility') return random.pick(['4-level', '4-level', '5-level'])
  return random.pick(['none', '32-bit', 'PAE'])
}

function levelOf(random: Random, mode: ModeName): number {
  if (mode === 'real') return 0
  if (mode === 'virtual-8086') return 3
  return mode === 'long' ? random.pick([0, 0, 3]) : random.pick([0, 0, 3, 3, 1])
}

function fillGuards(memory: readonly Uint8Array[]): void {
  for (const index of [region.guardBefore, region.guardBehind]) memory[index]!.fill(0xa5)
}

function writeMemory(memory: readonly Uint8Array[], random: Random, mode: ModeName): void {
  const own = memory[region.memory]!
  scatter(random, own.subarray(at.data, at.end))
  scatter(random, own.subarray(at.low, at.gdt))
  scatter(random, memory[region.rom]!)
  const view = viewOf(own)
  for (let offset = at.data; offset < at.data + 0x800; offset += 8)
    if (random.once(3)) view.setBigUint64(offset, random.once(2) ? float(random) : integer(random), true)
  if (mode === 'real') {
    for (let vector = 0; vector < 256; vector += 1) view.setUint32(vector * 4, at.code + 0x800 + vector * 2, true)
    return
  }
  const long = mode === 'long' || mode === 'compatibility'
  writeDescriptors(view, random, long)
  writeGates(view, random, long)
  writeTask(view, random, long)
}

function writeCode(memory: Uint8Array, rip: number, next: () => Uint8Array): void {
  // handlers, and wherever else one may land: NOP, HLT and IRET among them
  for (let offset: number = at.code; offset < at.code + 0x2800; offset += 1)
    memory[offset] = [0x90, 0x90, 0xf4, 0xcf][(offset * 7) & 3]!
  for (let offset = rip; offset < rip + codeBytes; ) {
    const bytes = next()
    memory.set(bytes, offset)
    offset += bytes.length
  }
}

type Set = (field: StateField, value: bigint | number) => void

function setControl(set: Set, random: Random, mode: ModeName, paging: Paging, level: number): void {
  const some = (mask: number, in_ = 2) => Number(random.bits() & BigInt(mask)) & (random.once(in_) ? mask : 0)
  const protectedMode = mode === 'real' ? 0 : 1
  const cr0 = 0x30 + protectedMode + (paging === 'none' ? 0 : 2 ** 31) + some(0x5_0000) + some(0xe, 8)
  const wide = paging !== 'none' && paging !== '32-bit'
  const pages = (wide ? 0x20 : 0) | (paging === '5-level' ? 0x1000 : 0) | 0x10
  const cr4 = pages | 0x600 | some(0x987) | some(0x1_0000) | some(0x4_0000) | some(0x70_0000, 3) | some(0x600, 12)
  const long = mode === 'long' || mode === 'compatibility'
  set('CR0', cr0)
  set('CR4', cr4)
  set('CR4_ALLOWED', 0x77_1fff)
  set('CR2', random.bits())
  set('PHYSICAL_MASK', (1n << 46n) - 1n)
  set('IA32_EFER', (long ? 0x500 : 0) | (random.once(3) ? 0 : 0x800) | (random.once(3) ? 0 : 1))
  set('XCR0', random.pick([1, 3, 7, 7, 7, 7]))
  set('CPL', level)
  set('PKRU', random.once(2) ? 0 : random.bits() & 0xffff_ffffn)
  set('DR6', 0xffff_0ff0n)
  set('DR7', 0x400)
  if (random.once(8)) setBreakpoints(set, random)
  set('FCW', 0x340 | (random.once(6) ? random.below(64) : 0x3f) | (random.below(4) << 10))
  set('FSW', (random.below(8) << 11) | Number(random.bits() & 0x4700n))
  set('FTW', random.once(2) ? 0xff : random.below(256))
  set(
    'MXCSR',
    (random.once(6) ? random.below(64) << 7 : 0x1f80) | (random.below(4) << 13) | random.pick([0, 0x20, 0x3f, 0x8040]),
  )
  set('SHADOW', (1n << 64n) - 1n)
  set('MONITOR', (1n << 64n) - 1n)
}

/** Data breakpoints where registers point. */
function setBreakpoints(set: Set, random: Random): void {
  for (const index of [0, 1, 2, 3] as const)
    set(`DR${index}`, at.data + random.pick([0, 0x10, 0x7f8, random.below(0x2000)]))
  set('DR7', (random.bits() & 0xffff_00ffn) | 0x400n)
}

function setSystem(set: Set, random: Random, mode: ModeName): void {
  const long = mode === 'long' || mode === 'compatibility'
  const real = mode === 'real'
  set('GDTR.base', real ? at.low : at.gdt)
  set('GDTR.limit', slot.count * 8 - 1)
  set('IDTR.base', real ? at.low : at.idt)
  set('IDTR.limit', real ? 0x3ff : random.once(8) ? 0x80 : 0x3ff)
  set('TR.selector', slot.tss * 8)
  set('TR.base', at.tss)
  set('TR.limit', 0x200)
  set('TR.access', 0x8b)
  set('LDTR.selector', random.once(2) ? slot.ldt * 8 : 0)
  set('LDTR.base', at.ldt)
  set('LDTR.limit', 0xff)
  set('LDTR.access', random.once(2) ? 0x82 : rights.unusable)
  const [code0, code3] = [BigInt(slot.code0 * 8), BigInt(slot.code3 * 8)]
  set('IA32_STAR', (code0 << 32n) | ((code3 | 3n) << 48n) | BigInt(at.code + 0x400))
  const target = long ? BigInt(at.code + 0x440) : 0n
  set('IA32_LSTAR', random.once(20) ? random.bits() >> 20n : target)
  set('IA32_CSTAR', target)
  set('IA32_FMASK', random.bits() & 0x4_7fd5n)
  set('IA32_SYSENTER_CS', random.pick([code0, code0, 0n, 3n]))
  set('IA32_SYSENTER_ESP', at.data + 0x3000)
  set('IA32_SYSENTER_EIP', at.code + 0x480)
  set('IA32_KERNEL_GS_BASE', at.data + 0x100)
  set('IA32_TSC_AUX', random.bits() & 0xffff_ffffn)
}

function setSegments(set: Set, random: Random, mode: ModeName, level: number): void {
  const put = (name: SegmentName, selector: number, base: number, limit: number, access: number) => {
    set(`${name}.selector`, selector)
    set(`${name}.base`, base)
    set(`${name}.limit`, limit)
    set(`${name}.access`, access)
  }
  if (mode === 'real' || mode === 'virtual-8086') {
    const more = mode === 'real' ? 0 : 0x60
    for (const name of segmentNames) {
      const paragraph = name === 'CS' ? random.pick([0, 0x7f0, 0x80]) : random.pick([0, at.data >> 4, 0xc01, 0x10])
      const limit = mode === 'real' && random.once(8) && name !== 'CS' ? 0xffff_ffff : 0xffff
      put(name, paragraph, paragraph * 16, limit, (name === 'CS' && mode === 'real' ? rights.code : rights.data) | more)
    }
    return
  }
  const dpl = level << 5
  const top = 0xffff_ffff
  const sized = mode === 'protected-16' ? 0 : mode === 'long' ? rights.long : rights.big
  put(
    'CS',
    (level === 3 ? slot.code3 : slot.code0) * 8 + level,
    0,
    mode === 'protected-16' ? 0x1_ffff : top,
    rights.code | dpl | sized,
  )
  const stackBig = random.once(mode === 'protected-16' ? 4 : 8) ? mode === 'protected-16' : mode !== 'protected-16'
  put(
    'SS',
    (level === 3 ? slot.data3 : slot.data0) * 8 + level,
    0,
    top,
    rights.data | dpl | rights.granular | (stackBig ? rights.big : 0),
  )
  for (const name of ['DS', 'ES', 'FS', 'GS'] as const) {
    const flat = () => put(name, slot.data3 * 8 + level, 0, top, rights.data | 0x60 | rights.big | rights.granular)
    if (!random.once(6) || (mode === 'long' && random.once(2))) flat()
    else if (random.once(4)) put(name, 0, 0, 0, rights.unusable)
    else if (random.once(3)) put(name, slot.readOnly * 8, 0x100, top, 0xf1 | rights.big)
    else if (random.once(2)) put(name, slot.expandDown * 8, 0, at.data + 0x80, 0xf7 | rights.big)
    else put(name, slot.short * 8 + 3, at.data, 0x7ff, 0xf3 | rights.big)
    if (name === 'FS' || name === 'GS')
      if (mode === 'long' && random.once(2)) set(`${name}.base`, random.once(20) ? random.bits() : at.data)
  }
}

/** Flags by chance; IF and DF now and then; AC seldom, as it is armed by CR0.AM. */
function flagsOf(random: Random, mode: ModeName): bigint {
  const arithmetic = random.bits() & 0x8d5n
  const system = random.bits() & (random.once(3) ? 0x38_0200n : 0x20_0200n)
  const more = (random.once(4) ? 0x400n : 0n) | (random.once(4) ? 0x4_0000n : 0n) | (random.once(12) ? 0x4000n : 0n)
  const privilege = BigInt(random.pick([0, 0, 3, 3, 1])) << 12n
  return 2n | arithmetic | system | more | privilege | (mode === 'virtual-8086' ? 0x2_0000n : 0n)
}

const [RCX, RSP, RBP] = [1, 4, 5]

/** Pointers at memory, small numbers, numbers that matter. */
function register(random: Random, index: number, mode: ModeName): bigint {
  const short = codeSizeOf(mode) === 16 && (mode === 'real' || mode === 'virtual-8086')
  if (index === RSP || index === RBP) {
    const stack = BigInt((short ? 0x2000 : at.data + 0x1000) + random.below(0x400) * (random.once(4) ? 1 : 8))
    if (!random.once(30)) return stack
  }
  if (index === RCX && random.once(2)) return BigInt(random.below(20))
  const kind = random.below(8)
  if (kind < 4) {
    const offset = random.pick([
      0,
      0x10,
      0x7f8,
      0xff8 + random.below(16),
      random.below(0x2000),
      random.below(0x100) * 16,
    ])
    const pointer = BigInt((short ? random.pick([0, 0x1000]) : at.data) + offset)
    if (mode === 'long' && random.once(6)) return BigInt.asUintN(64, pointer - (1n << 30n))
    return random.once(12) ? pointer + 0x20_0000n : pointer
  }
  if (kind < 6) return BigInt(random.below(64))
  if (kind === 6) return integer(random)
  return random.pick([
    0xffff_fffen,
    0x7fff_ffff_fffcn,
    0xffff_ffff_ffff_fffdn,
    0xffffn,
    0xfffcn,
    BigInt(at.rom),
    0x8_0000n,
    0x1_fffcn,
  ])
}
