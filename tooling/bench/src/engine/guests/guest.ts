import { enterLongMode, multibootHeader } from '@vmm/built-in-guest'
import {
  type Assembler,
  al,
  assembler,
  ax,
  cl,
  cr0,
  cr3,
  cr4,
  ds,
  dx,
  eax,
  ebx,
  ecx,
  edi,
  edx,
  es,
  far,
  label,
  mem,
  mem32,
  rsp,
  ss,
} from '@vmm/x86-assembler'
import { apicAddress, pageBytes, place, ram, selector } from './places.ts'
import { type Width, type Words, wordsOf } from './words.ts'

/** A guest in the making. */
export interface Guest {
  readonly a: Assembler
  readonly w: Words
  readonly width: Width
  readonly rounds: number
}

/** What a guest does. Registers are its own; the stack is below `place.stack`. */
export interface Load {
  /** Processors, 1 unless told. */
  readonly cpus?: 1 | 2
  /** Done once before time is taken. */
  readonly prepare?: (g: Guest) => void
  /** One round. Leaves in EAX something that depends on all it did: that goes into the sum. */
  readonly round?: (g: Guest) => void
  /** Instead of rounds: all of it, with the sum in EAX at its end. */
  readonly all?: (g: Guest) => void
}

const com1 = { data: 0x3f8, lineControl: 0x3fb, lineStatus: 0x3fd } as const
const [divisorLatch, eightBits, transmitterEmpty] = [0x80, 3, 0x20]
/** More instructions than any host goes without writing out what the guest said. */
const settling = 1_100_000

/**
 * A multiboot image that says `begin`, does a load so many times, says `end` and the sum of what it computed, and stays
 * busy until somebody ends it.
 */
export function guestImage(load: Load, width: Width, rounds: number): Uint8Array {
  const a = assembler({ origin: place.image, codeSize: 32 })
  const g: Guest = { a, w: wordsOf[width], width, rounds }
  multibootHeader(a, place.image)
  a.label('entry')
  if (width === 64) enterWide(g)
  else enterNarrow(g)
  serialOn(a)
  load.prepare?.(g)
  a.mov(ecx, 'begin').call('say')
  a.mov(ecx, settling).label('settle').dec(ecx).jne('settle')
  work(g, load)
  a.label('finish').mov(g.w.sp, place.stack).mov(mem32(place.sum), eax)
  a.mov(ecx, 'end').call('say').call('say sum')
  a.label('over').jmp('over')
  routines(g)
  tables(g)
  return a.finish().bytes
}

/** Does what a load does: all of it, or its rounds, with the sum in EAX at the end. */
export function work(g: Guest, load: Load): void {
  const { a } = g
  load.all?.(g)
  if (load.round === undefined) return
  a.mov(mem32(place.rounds), g.rounds).mov(mem32(place.sum), 0)
  a.label('round')
  load.round(g)
  a.mov(edx, mem32(place.sum)).rol(edx, 5).xor(edx, eax).mov(mem32(place.sum), edx)
  a.dec(mem32(place.rounds)).jne('round').mov(eax, mem32(place.sum))
}

function enterWide(g: Guest): void {
  const { a } = g
  // OSFXSR and OSXMMEXCPT; SCE; NE and MP
  const also = { cr4: 0x600, efer: 0x001, cr0: 0x22 }
  enterLongMode(a, { tables: place.tables, gdtr: 'gdtr', code: selector.code, to: 'main', also })
  loadSegments(a)
  a.mov(rsp, place.stack)
  mapPages(g, place.tables + 0x2000)
}

function enterNarrow(g: Guest): void {
  const { a } = g
  a.lgdt(mem('gdtr')).jmpf(far(selector.code, 'main')).label('main')
  loadSegments(a)
  a.mov(g.w.sp, place.stack)
  a.mov(eax, cr4).or(eax, 0x610).mov(cr4, eax)
  // a page of 4 MiB for the local APIC
  a.mov(mem32(place.tables + (apicAddress >>> 22) * 4), ((apicAddress & 0xffc0_0000) | 0x9f) >>> 0)
  mapPages(g, place.tables)
  a.mov(eax, cr0).or(eax, 0x8000_0022).mov(cr0, eax)
  a.jmp('paged').label('paged')
}

const loadSegments = (a: Assembler): void => void a.mov(eax, selector.data).mov(ds, ax).mov(es, ax).mov(ss, ax)

/** Maps all of RAM onto itself in pages of 4 KiB, for all levels, and loads CR3. */
function mapPages({ a, w }: Guest, directory: number): void {
  const entriesPerPage = pageBytes / w.bytes
  const pages = ram / pageBytes
  a.mov(edi, place.pageTables).mov(eax, 7).xor(ecx, ecx)
  a.label('map').mov(w.mem(w.di), w.a).add(edi, w.bytes).add(eax, pageBytes).inc(ecx).cmp(ecx, pages).jb('map')
  a.mov(edi, directory)
    .mov(eax, place.pageTables | 7)
    .xor(ecx, ecx)
  a.label('direct').mov(w.mem(w.di), w.a).add(edi, w.bytes).add(eax, pageBytes)
  a.inc(ecx)
    .cmp(ecx, pages / entriesPerPage)
    .jb('direct')
  a.mov(eax, place.tables).mov(cr3, w.a)
}

/** 115,200 bits a second, eight bits. */
function serialOn(a: Assembler): void {
  for (const [port, value] of [
    [com1.lineControl, divisorLatch],
    [com1.data, 1],
    [com1.data + 1, 0],
    [com1.lineControl, eightBits],
  ] as const)
    a.mov(dx, port).mov(al, value).out(dx, al)
}

/** `say` prints the text at ECX, `say sum` the sum in hexadecimal and a line's end. Both change all but the sum. */
function routines({ a, w }: Guest): void {
  a.label('say').mov(al, mem(w.c)).test(al, al).je('said').call('say byte').inc(w.c).jmp('say')
  a.label('said').ret()
  a.label('say byte').mov(ebx, eax).mov(dx, com1.lineStatus)
  a.label('full').in(al, dx).test(al, transmitterEmpty).je('full')
  a.mov(dx, com1.data).mov(eax, ebx).out(dx, al).ret()
  a.label('say sum').mov(ecx, 28)
  a.label('digit').mov(eax, mem32(place.sum)).shr(eax, cl).and(eax, 15).add(al, 0x30).cmp(al, 0x3a).jb('decimal')
  a.add(al, 0x27).label('decimal').call('say byte').sub(ecx, 4).jns('digit')
  a.mov(al, 0x0a).call('say byte').ret()
}

function tables({ a, width }: Guest): void {
  a.label('begin').db('begin\n', 0).label('end').db('end ', 0)
  const [code, userCode] =
    width === 64 ? [0x00af_9b00_0000_ffffn, 0x00af_fb00_0000_ffffn] : [0x00cf_9b00_0000_ffffn, 0x00cf_fb00_0000_ffffn]
  const taskState = 0x0000_8900_0000_0067n
  a.align(8).label('gdt').dq(0n, code, 0x00cf_9300_0000_ffffn, 0x00cf_f300_0000_ffffn, userCode)
  // the address is put in when a load wants a task
  a.label('tss descriptor').dq(taskState, 0n)
  a.label('gdtr').dw(0x37).dd(label('gdt'), 0)
  a.align(16).label('tss').space(0x68)
}
