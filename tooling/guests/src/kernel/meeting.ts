import {
  type Assembler,
  al,
  ax,
  cl,
  cr0,
  cs,
  ds,
  eax,
  ebx,
  ecx,
  edi,
  es,
  esi,
  esp,
  far,
  label,
  mem,
  mem16,
  mem32,
  ss,
} from '@vmm/x86-assembler'
import type { CheckBuilder } from './kernel.ts'
import { place, selector } from './places.ts'
import { pass, waitFor } from './waiting.ts'

/** How many processors take part, and how many of them beside the first. */
export const processors = 4
export const others: number = processors - 1

type Asm = Assembler
type Word = ReturnType<typeof mem32>

/** Registers of whichever local APIC: without paging they are where they are. Source: SDM 3A §11.4.1, Table 11-1. */
export const apic = (offset: number): Word => mem32(0xfee0_0000 + offset)
export const [ID, ICR, ICR_HIGH] = [0x20, 0x300, 0x310] as const
const EOI = 0xb0
const [LDR, DFR, SPIV] = [0xd0, 0xe0, 0xf0] as const
/** Whom a command is for. Source: SDM 3A §11.6.1, Figure 11-12. */
export const [toOne, toLogical, toSelf, toAll, toOthers] = [0x4000, 0x4800, 0x4_4000, 0x8_4000, 0xc_4000] as const
/** What it is; nothing of these is an interrupt by its vector. */
export const [lowest, nmi, init, startup] = [0x100, 0x400, 0x500, 0x600] as const
export const vector = 0x41

const lineBytes = 64
const lines = 16
/** A word that all see, on a line of its own. */
const shared = (line: number): Word => mem32(place.scratch + line * lineBytes)
/** What they count, and what they wait for. */
export const [started, finished, released, sum] = [shared(0), shared(1), shared(2), shared(3)] as const
export const [lock, ticket, interrupts, seen] = [shared(4), shared(5), shared(6), shared(7)] as const
/** Where those that are started go. */
const target = shared(8)
/** The code that they begin with is copied to low memory, and what LGDT loads lies behind it. */
const tableOffset = 0x80
const stackShift = 12

/** Before each check: nothing has been counted, and who is started finds code. */
export function clear(a: Asm): void {
  a.cld()
    .mov(edi, place.scratch)
    .mov(ecx, (lines * lineBytes) / 4)
    .xor(eax, eax)
    .rep()
    .stosd()
  a.mov(esi, 'others.begin').mov(edi, place.low).mov(ecx, tableOffset).rep().movsb()
  a.mov(mem16(place.low + tableOffset), 0x7ff).mov(mem32(place.low + tableOffset + 2), place.gdt)
  a.mov(apic(SPIV), 0x1ff)
}

/** Where the others begin: from real mode to flat 32-bit code with a stack and a local APIC, and the APIC ID in EBX. */
export function beginning(a: Asm): void {
  const over = a.unique('over')
  a.jmp(over).bits(16).label('others.begin').cli().mov(ax, cs).mov(ds, ax).lgdt(mem(tableOffset))
  a.mov(eax, cr0).or(al, 1).mov(cr0, eax).with({ operandSize: 32 }).jmpf(far(selector.code, 'others.wide'))
  a.space(tableOffset).bits(32)
  a.label('others.wide').mov(eax, selector.data).mov(ds, ax).mov(es, ax).mov(ss, ax).lidt(mem('idtr')).cld()
  a.mov(apic(SPIV), 0x1ff).mov(ebx, apic(ID)).shr(ebx, 24)
  a.lea(esp, mem({ base: ebx, displacement: 1 }))
    .shl(esp, stackShift)
    .add(esp, place.otherStack)
  // a logical ID in the flat model: the bit of the APIC ID
  a.mov(ecx, ebx).mov(eax, 0x100_0000).shl(eax, cl).mov(apic(DFR), 0xffff_ffff).mov(apic(LDR), eax)
  a.lock().inc(started).jmp(target)
  a.label('others.end').lock().inc(finished).label('others.stop').cli().hlt().jmp('others.stop').label(over)
}

/** INIT and a startup signal to all others, who run `work` then, and come to an end if that does; so many had been started before. */
export function startOthers(a: Asm, c: CheckBuilder, work: (a: Asm) => unknown, before = 0): void {
  const [begin, over] = [c.unique('work'), c.unique('over')]
  a.jmp(over).label(begin)
  void work(a)
  a.jmp('others.end').label(over).mov(target, label(begin))
  a.mov(apic(ICR), toOthers | init)
  pass(a, c)
  a.mov(apic(ICR), toOthers | startup | (place.low >> 12))
  waitFor(a, c, started, before + others)
}

/** A handler that does something, ends the interrupt, counts and returns; what it uses it must keep. */
export function gateTo(a: Asm, c: CheckBuilder, at: number, act: (a: Asm) => unknown = () => {}): void {
  const [name, over] = [c.unique('handler'), c.unique('over')]
  const entry = place.idt + at * 8
  a.mov(eax, label(name))
    .mov(mem32(entry), eax)
    .mov(mem16(entry + 2), selector.code)
  a.mov(mem32(entry + 4), eax).mov(mem16(entry + 4), 0x8e00)
  a.jmp(over).label(name).push(eax)
  void act(a)
  a.mov(apic(EOI), 0).lock().inc(interrupts).pop(eax).iretd().label(over)
}
