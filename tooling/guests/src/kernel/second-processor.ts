import {
  type Assembler,
  ax,
  cr0,
  cr3,
  cr4,
  cs,
  ds,
  eax,
  ecx,
  edi,
  edx,
  es,
  esi,
  esp,
  far,
  label,
  mem,
  mem16,
  mem32,
  mem64,
  r15d,
  ss,
} from '@vmm/x86-assembler'
import { apic, ICR } from './interrupting.ts'
import type { CheckBuilder } from './kernel.ts'
import { place, selector } from './places.ts'
import { pass, waitFor } from './waiting.ts'

type Asm = Assembler
type Word = ReturnType<typeof mem32>

const apicAt = 0xfee0_0000
const [SPIV, ICR_HIGH] = [0xf0, 0x310] as const
/** Commands to all but oneself. Source: SDM 3A §11.6.1, Figure 11-12. */
export const [interrupt, nmi, init, startup] = [0xc_4000, 0xc_4400, 0xc_4500, 0xc_4600 | (place.low >> 12)] as const

const lineBytes = 64
const lines = 16
const shared = (line: number): Word => mem32({ displacement: place.scratch + line * lineBytes })
/** Words that both see, on lines of their own, and zero at the beginning of a check. */
export const [started, finished, released, sum] = [shared(0), shared(1), shared(2), shared(3)] as const
export const [turn, seen, first, second] = [shared(4), shared(5), shared(6), shared(7)] as const
const target = mem64({ displacement: place.scratch + 8 * lineBytes })
/** The top of the second one's stack. */
export const secondStack: number = place.otherStack + 0x8000
const tableOffset = 0x80

/** Before each check: nothing has been counted, and who is started finds code; R15 holds the address of the local APIC, of the other one's, too. */
export function clear(a: Asm): void {
  a.cld()
    .mov(edi, place.scratch)
    .mov(ecx, (lines * lineBytes) / 4)
    .xor(eax, eax)
    .rep()
    .stosd()
  a.mov(esi, 'second.begin').mov(edi, place.low).mov(ecx, tableOffset).rep().movsb()
  a.mov(mem16({ displacement: place.low + tableOffset }), 0x7ff).mov(
    mem32({ displacement: place.low + tableOffset + 2 }),
    place.gdt,
  )
  a.mov(r15d, apicAt).mov(apic(SPIV), 0x1ff)
}

/** Where the second one begins: from real mode to 64-bit code with a stack and a local APIC. */
export function beginning(a: Asm): void {
  const over = a.unique('over')
  a.jmp(over).bits(16).label('second.begin').cli().mov(ax, cs).mov(ds, ax).lgdt(mem(tableOffset))
  a.mov(eax, 0x620).mov(cr4, eax).mov(eax, place.pageTables).mov(cr3, eax)
  a.mov(ecx, 0xc000_0080).mov(eax, 0x901).xor(edx, edx).wrmsr().mov(eax, 0x8000_0031).mov(cr0, eax)
  a.with({ operandSize: 32 }).jmpf(far(selector.code, 'second.wide'))
  a.space(tableOffset).bits(64)
  a.label('second.wide').mov(eax, selector.data).mov(ds, ax).mov(es, ax).mov(ss, ax).lidt(mem('idtr')).cld()
  a.mov(esp, secondStack).mov(r15d, apicAt).mov(apic(SPIV), 0x1ff).lock().inc(started).jmp(target)
  a.label('second.end').lock().inc(finished).label('second.stop').cli().hlt().jmp('second.stop').label(over)
}

/** INIT and a startup signal to the second one, who runs `work` then; it must be outside VMX operation when that comes to its end. */
export function startSecond(a: Asm, c: CheckBuilder, work: (a: Asm) => unknown): void {
  const [begin, over] = [c.unique('work'), c.unique('over')]
  a.jmp(over).label(begin)
  void work(a)
  a.jmp('second.end').label(over).mov(target, label(begin))
  send(a, init)
  pass(a, c)
  send(a, startup)
  waitFor(a, c, started, 1)
}

/** A command to the other one. */
export const send = (a: Asm, command: number): Asm => a.mov(apic(ICR_HIGH), 0).mov(apic(ICR), command)
