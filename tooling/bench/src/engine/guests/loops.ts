import { cr3, eax, ecx, edx, rax, rdx } from '@vmm/x86-assembler'
import type { Guest } from './guest.ts'
import { place } from './places.ts'

/** Counts ECX down to zero around a body that leaves ECX alone. */
export function counted({ a }: Guest, count: number, body: () => void): void {
  const again = a.unique('again')
  a.mov(ecx, count).label(again)
  body()
  a.dec(ecx).jne(again)
}

/** Has EAX depend on all 64 bits of RAX, where there are as many. Changes EDX. */
export function foldWide({ a, width }: Guest): void {
  if (width === 64) a.mov(rdx, rax).shr(rdx, 32).xor(eax, edx)
}

/** A new page table root, which is the old one: translations are forgotten. Changes EAX. */
export function reloadRoot({ a, w }: Guest): void {
  a.mov(eax, place.tables).mov(cr3, w.a)
}

/** Fills memory with numbers that look random, so many doublewords. Changes EAX, ECX and EDI. */
export function scatter(g: Guest, at: number, doublewords: number): void {
  const { a, w } = g
  a.mov(w.di, at).mov(eax, 0x2545_f491)
  counted(g, doublewords, () => a.imul(eax, eax, 1_664_525).add(eax, 1_013_904_223).mov(w.mem(w.di), w.a).add(w.di, 4))
}
