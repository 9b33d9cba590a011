import type { KvmDtable, KvmSegment } from '@vmm/kvm-uapi'
import { type FieldType, layout } from '@vmm/layout'

/** Bytes of the save area; it begins FE00H behind SMBASE. */
export const saveAreaBytes = 512
export const saveAreaAt = 0xfe00

const names = ['es', 'cs', 'ss', 'ds', 'fs', 'gs', 'ldt', 'tr'] as const
/** A segment register of the save area. */
export type SavedSegmentName = (typeof names)[number]

/** What SMM saves of a processor. General registers are in the order of their numbers. */
export interface SavedProcessor {
  readonly gprs: readonly bigint[]
  readonly rip: bigint
  readonly rflags: bigint
  readonly cr0: bigint
  readonly cr3: bigint
  readonly cr4: bigint
  readonly dr6: bigint
  readonly dr7: bigint
  readonly smbase: number
  /** What keeps interrupts off behind STI and MOV SS: KVM_X86_SHADOW_INT_*. */
  readonly shadow: number
  /** Of processors that have long mode. */
  readonly efer: bigint | undefined
  /** The shadow-stack pointer, for which the form without long mode has no place; undefined: it is not saved. */
  readonly ssp: bigint | undefined
  readonly gdt: KvmDtable
  readonly idt: KvmDtable
  readonly segments: Readonly<Record<SavedSegmentName, KvmSegment>>
}

/** Which of its two forms the save area has: that of processors with long mode, or that of the others. */
export type SaveAreaForm = 64 | 32

const revision = { 64: 0x2_0064, 32: 0x2_0000 } as const
const gap = (bytes: number, align = 1): FieldType => ({ bytes, align })

/** {selector: u16, attributes: u16, limit: u32, base: u64}. */
const segment64 = gap(16, 8)
const wide = layout({
  es: segment64,
  cs: segment64,
  ss: segment64,
  ds: segment64,
  fs: segment64,
  gs: segment64,
  gdt: segment64,
  ldt: segment64,
  idt: segment64,
  tr: segment64,
  /** Restarting I/O and HLT is nothing that KVM does. */
  restart: gap(43, 8),
  shadow: 'u8',
  reserved2: 'u32',
  efer: 'u64',
  svm: gap(24, 8),
  reserved3: gap(12, 4),
  revision: 'u32',
  smbase: 'u32',
  reserved4: gap(20, 4),
  ssp: 'u64',
  svmHost: gap(40, 8),
  cr4: 'u64',
  cr3: 'u64',
  cr0: 'u64',
  dr7: 'u64',
  dr6: 'u64',
  rflags: 'u64',
  rip: 'u64',
  gprs: ['u64', 16],
}).offset

/** {flags: u32, limit: u32, base: u32}; selectors are elsewhere. */
const segment32 = gap(12, 4)
const narrow = layout({
  reserved1: gap(248, 4),
  smbase: 'u32',
  revision: 'u32',
  restart: gap(20, 4),
  cr4: 'u32',
  reserved2: 'u16',
  shadow: 'u8',
  reserved3: gap(17),
  ds: segment32,
  fs: segment32,
  gs: segment32,
  idt: segment32,
  tr: segment32,
  reserved4: 'u32',
  gdt: segment32,
  ldt: segment32,
  es: segment32,
  cs: segment32,
  ss: segment32,
  esSelector: 'u32',
  csSelector: 'u32',
  ssSelector: 'u32',
  dsSelector: 'u32',
  fsSelector: 'u32',
  gsSelector: 'u32',
  ldtSelector: 'u32',
  trSelector: 'u32',
  dr7: 'u32',
  dr6: 'u32',
  gprs: ['u32', 8],
  rip: 'u32',
  rflags: 'u32',
  cr3: 'u32',
  cr0: 'u32',
}).offset

const longs = ['rip', 'rflags', 'cr0', 'cr3', 'cr4', 'dr6', 'dr7'] as const

/** Writes a save area. Source: arch/x86/kvm/smm.h and smm.c, enter_smm_save_state_64 and _32 (Linux 6.12). */
export function writeSaveArea(form: SaveAreaForm, saved: SavedProcessor): Uint8Array {
  const bytes = new Uint8Array(saveAreaBytes)
  const view = new DataView(bytes.buffer)
  const at = form === 64 ? wide : narrow
  const number = (place: number, value: bigint) =>
    form === 64 ? view.setBigUint64(place, value, true) : view.setUint32(place, Number(BigInt.asUintN(32, value)), true)
  for (const name of longs) number(at[name], saved[name])
  view.setUint32(at.smbase, saved.smbase, true)
  view.setUint32(at.revision, revision[form], true)
  view.setUint8(at.shadow, saved.shadow)
  if (form === 64) view.setBigUint64(wide.efer, saved.efer ?? 0n, true)
  if (form === 64) view.setBigUint64(wide.ssp, saved.ssp ?? 0n, true)
  for (const [index, value] of saved.gprs.slice(0, countOf(form)).entries()) number(gprAt(form, index), value)
  for (const name of names) writeSegment(view, form, name, saved.segments[name])
  for (const name of ['gdt', 'idt'] as const) {
    view.setUint32(at[name] + 4, saved[name].limit, true)
    number(at[name] + 8, saved[name].base)
  }
  return bytes
}

/** Reads a save area. Source: arch/x86/kvm/smm.c, rsm_load_state_64 and _32 (Linux 6.12). */
export function readSaveArea(form: SaveAreaForm, bytes: Uint8Array): SavedProcessor {
  const view = new DataView(bytes.buffer, bytes.byteOffset, saveAreaBytes)
  const at = form === 64 ? wide : narrow
  const number = (place: number) => (form === 64 ? view.getBigUint64(place, true) : BigInt(view.getUint32(place, true)))
  const table = (place: number) => ({ limit: view.getUint32(place + 4, true) & 0xffff, base: number(place + 8) })
  const [rip, rflags, cr0, cr3, cr4, dr6, dr7] = longs.map((name) => number(at[name])) as [
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
  ]
  const segments = Object.fromEntries(names.map((name) => [name, readSegment(view, form, name)]))
  return {
    gprs: Array.from({ length: countOf(form) }, (_, index) => number(gprAt(form, index))),
    ...{ rip, rflags, cr0, cr3, cr4, dr6, dr7 },
    smbase: view.getUint32(at.smbase, true),
    shadow: view.getUint8(at.shadow),
    efer: form === 64 ? view.getBigUint64(wide.efer, true) : undefined,
    ssp: form === 64 ? view.getBigUint64(wide.ssp, true) : undefined,
    gdt: table(at.gdt),
    idt: table(at.idt),
    segments: segments as SavedProcessor['segments'],
  }
}

const countOf = (form: SaveAreaForm): number => (form === 64 ? 16 : 8)
/** The wide form has them backwards. */
const gprAt = (form: SaveAreaForm, index: number): number =>
  form === 64 ? wide.gprs + 8 * (15 - index) : narrow.gprs + 4 * index

function writeSegment(view: DataView, form: SaveAreaForm, name: SavedSegmentName, segment: KvmSegment): void {
  const flags = flagsOf(segment)
  if (form === 64) {
    view.setUint16(wide[name], segment.selector, true)
    view.setUint16(wide[name] + 2, flags >>> 8, true)
    view.setUint32(wide[name] + 4, segment.limit, true)
    return view.setBigUint64(wide[name] + 8, segment.base, true)
  }
  view.setUint32(narrow[`${name}Selector`], segment.selector, true)
  view.setUint32(narrow[name], flags, true)
  view.setUint32(narrow[name] + 4, segment.limit, true)
  view.setUint32(narrow[name] + 8, Number(BigInt.asUintN(32, segment.base)), true)
}

function readSegment(view: DataView, form: SaveAreaForm, name: SavedSegmentName): KvmSegment {
  if (form === 64) {
    const [selector, flags] = [view.getUint16(wide[name], true), view.getUint16(wide[name] + 2, true) << 8]
    return segmentOf(selector, flags, view.getUint32(wide[name] + 4, true), view.getBigUint64(wide[name] + 8, true))
  }
  const selector = view.getUint32(narrow[`${name}Selector`], true) & 0xffff
  const [flags, limit, base] = [0, 4, 8].map((offset) => view.getUint32(narrow[name] + offset, true)) as [
    number,
    number,
    number,
  ]
  return segmentOf(selector, flags, limit, BigInt(base))
}

/** Where the second word of a descriptor has them. */
const flagsOf = ({ g, db, l, avl, present, dpl, s, type }: KvmSegment): number =>
  (g << 23) | (db << 22) | (l << 21) | (avl << 20) | (present << 15) | (dpl << 13) | (s << 12) | (type << 8)

function segmentOf(selector: number, flags: number, limit: number, base: bigint): KvmSegment {
  const bit = (at: number) => (flags >>> at) & 1
  return {
    ...{ selector, limit, base, g: bit(23), db: bit(22), l: bit(21), avl: bit(20), present: bit(15), s: bit(12) },
    dpl: (flags >>> 13) & 3,
    type: (flags >>> 8) & 15,
    unusable: 1 - bit(15),
  }
}
