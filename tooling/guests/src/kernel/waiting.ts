import { type Assembler, eax, ecx, type mem32 } from '@vmm/x86-assembler'
import type { CheckBuilder } from './kernel.ts'

type Asm = Assembler
type Word = ReturnType<typeof mem32>

const ticks = 500_000

/** Waits, but not for ever, until a word has a value or more. ECX changes. */
export function waitFor(a: Asm, c: CheckBuilder, word: Word, value: number): void {
  const [again, done] = [c.unique('again'), c.unique('done')]
  a.mov(ecx, 20_000_000).label(again).cmp(word, value).jae(done).pause().dec(ecx).jne(again).label(done)
}

/** Waits until a word has a value, or for ever. */
export function waitUntil(a: Asm, c: CheckBuilder, word: Word, value: number): void {
  const [again, done] = [c.unique('again'), c.unique('done')]
  a.label(again).cmp(word, value).je(done).pause().jmp(again).label(done)
}

/** A while by the time-stamp counter, in which others have time to do what they should not. EAX, ECX and EDX change. */
export function pass(a: Asm, c: CheckBuilder): void {
  const again = c.unique('again')
  a.rdtsc().mov(ecx, eax).label(again).pause().rdtsc().sub(eax, ecx).cmp(eax, ticks).jb(again)
}
