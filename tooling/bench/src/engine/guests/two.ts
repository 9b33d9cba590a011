import {
  type Assembler,
  assembler,
  ax,
  cr0,
  cr3,
  cr4,
  ds,
  eax,
  ebx,
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
  mem48,
  r15d,
  rax,
  rbx,
  rdx,
  rsi,
  rsp,
  ss,
} from '@vmm/x86-assembler'
import type { Guest, Load } from './guest.ts'
import { counted } from './loops.ts'
import { apicAddress, place, selector } from './places.ts'

/** Where a processor begins that is started by vector 8, what it is handed there, and its stack. */
const begins = 0x8000
const handed = { gdtr: 0x8f00, entry: 0x8f08 } as const
const secondStack = 0x2e_f000
/** Words both processors know, each on a line of its own. */
const word = {
  awake: place.cell + 0x100,
  go: place.cell + 0x140,
  over: place.cell + 0x180,
  sum: place.cell + 0x1c0,
} as const
const command = { init: 0xc_4500, start: 0xc_4600 | (begins >> 12) } as const
const efer = 0xc000_0080

/** What the second processor runs from its first instruction in real mode to 64-bit code. */
function beginning(): Uint8Array {
  const a = assembler({ origin: begins, codeSize: 16 })
  a.cli().xor(ax, ax).mov(ds, ax).lgdt(mem('gdtr')).mov(eax, cr0).or(eax, 1).mov(cr0, eax).jmpf(far(8, 'wide'))
  a.bits(32).label('wide').mov(eax, 0x10).mov(ds, ax).mov(es, ax).mov(ss, ax).mov(esp, secondStack)
  a.mov(eax, cr4).or(eax, 0x620).mov(cr4, eax).mov(eax, place.tables).mov(cr3, eax)
  a.mov(ecx, efer).rdmsr().or(eax, 0x101).wrmsr()
  a.mov(eax, cr0).or(eax, 0x8000_0022).mov(cr0, eax).lgdt(mem(handed.gdtr))
  a.jmpf(mem48(handed.entry))
  a.align(8).label('gdt').dq(0n, 0x00cf_9b00_0000_ffffn, 0x00cf_9300_0000_ffffn).label('gdtr').dw(23).dd('gdt')
  return a.finish().bytes
}

/** Starts the second processor, which waits until it may go. Only 64-bit guests do this. */
function wake(g: Guest, share: (g: Guest) => void): void {
  const { a } = g
  for (const address of [place.cell, ...Object.values(word)]) a.mov(mem32(address), 0)
  a.mov(rsi, label('second')).mov(edi, begins).mov(ecx, 'second ends').sub(ecx, esi).cld().rep().movsb()
  a.mov(mem16(handed.gdtr), 0x37)
    .mov(eax, label('gdt'))
    .mov(mem32(handed.gdtr + 2), eax)
  a.mov(eax, label('second wide'))
    .mov(mem32(handed.entry), eax)
    .mov(mem16(handed.entry + 4), selector.code)
  a.mov(ebx, apicAddress).mov(mem32(rbx, 0xf0), 0x1ff)
  a.mov(mem32(rbx, 0x300), command.init).mov(ecx, 100_000).label('resets').dec(ecx).jne('resets')
  a.mov(mem32(rbx, 0x300), command.start)
  until(a, word.awake)
  a.jmp('both awake').label('second').bytes(beginning()).label('second ends')
  a.label('second wide').mov(eax, selector.data).mov(ds, ax).mov(es, ax).mov(ss, ax).mov(rsp, secondStack)
  a.mov(mem32(word.awake), 1)
  until(a, word.go)
  share(g)
  a.mov(mem32(word.sum), eax).mov(mem32(word.over), 1).label('second over').cli().hlt().jmp('second over')
  a.label('both awake')
}

function until(a: Assembler, address: number): void {
  const again = a.unique('until')
  a.label(again).pause().cmp(mem32(address), 0).je(again)
}

/** A load of which two processors do half each. What each computes goes into the sum, in either order. */
const onTwo = (share: (g: Guest, rounds: number) => void): Load => ({
  cpus: 2,
  prepare: (g) => wake(g, () => share(g, Math.ceil(g.rounds / 2))),
  all: (g) => {
    const { a } = g
    a.mov(mem32(word.go), 1)
    share(g, Math.ceil(g.rounds / 2))
    a.mov(mem32(place.sum), eax)
    until(a, word.over)
    a.mov(eax, mem32(place.sum)).add(eax, mem32(word.sum)).add(eax, mem32(place.cell))
  },
})

/** Numbers that have nothing to do with memory, so many times a hundred thousand; the last of them in EAX. */
function computing(g: Guest, rounds: number): void {
  const { a } = g
  const again = a.unique('again')
  a.mov(r15d, rounds).mov(eax, 0x1e37_79b9).xor(ebx, ebx).label(again)
  counted(g, 100_000, () => {
    a.mov(rdx, rax).shl(rdx, 13).xor(rax, rdx).mov(rdx, rax).shr(rdx, 7).xor(rax, rdx)
    a.imul(rdx, rax, 25).add(rbx, rdx).adc(rbx, 0).xor(rax, rbx)
  })
  a.dec(r15d).jne(again)
}

/** Additions to one word that both processors add to, so many times ten thousand. What they come to is in the word. */
function adding(g: Guest, rounds: number): void {
  const { a } = g
  const again = a.unique('again')
  a.mov(r15d, rounds).mov(esi, place.cell).label(again)
  counted(g, 10_000, () => a.mov(edx, ecx).lock().xadd(mem32(rsi), edx).lock().inc(mem32(rsi)))
  a.dec(r15d).jne(again).xor(eax, eax)
}

/** Work that two processors share and that needs nothing from the other. */
export const parallel: Load = onTwo(computing)

/** The same work on one processor. */
export const alone: Load = { all: (g) => computing(g, g.rounds) }

/** Locked operations of two processors on one word. */
export const contended: Load = onTwo(adding)
