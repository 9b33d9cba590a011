import { type Assembler, eax, ecx, mem64, rax, rbx, rcx, rdi, rdx, rsi } from '@vmm/x86-assembler'
import { at } from '../layout.ts'
import type { Program } from '../program.ts'
import { loop } from './loop.ts'

const forms = [
  { width: 1, store: 'stosb', move: 'movsb' },
  { width: 2, store: 'stosw', move: 'movsw' },
  { width: 4, store: 'stosd', move: 'movsd' },
  { width: 8, store: 'stosq', move: 'movsq' },
] as const
/** Where runs of elements cross from page to page. */
const edge = at.data + 0x1000

/** Elements, as many as depend on the rounds that are left. */
function count(a: Assembler, atMost: number): void {
  a.mov(rax, mem64(at.data))
    .imul(eax, eax, 0x9e37_79b1)
    .shr(eax, 8)
    .xor(rdx, rdx)
    .mov(ecx, atMost)
    .div(rcx)
    .mov(rcx, rdx)
}

/** All that was touched, folded into RBX. */
function note(a: Assembler, name: string): void {
  a.mov(ecx, 0x60).label(name)
  a.rol(rbx, 7).xor(rbx, mem64({ index: rcx, scale: 8, displacement: edge - 0x180 }))
  a.add(rbx, mem64({ index: rcx, scale: 8, displacement: at.data + 0x100 }))
    .dec(ecx)
    .jne(name)
}

function ofWidth({ width, store, move }: (typeof forms)[number]): Program {
  const stos = (a: Assembler) => a.rep()[store]()
  const movs = (a: Assembler) => a.rep()[move]()
  return {
    name: `REP STOS and MOVS of ${width} bytes`,
    mode: 'long',
    limit: 200_000,
    write: (a) =>
      loop(a, 8, () => {
        a.push(rcx).mov(mem64(at.data), rcx).mov(rax, 0x1234_5678_9abc_def1n).rol(rax, 3).add(rax, rcx).push(rax)
        count(a, 90)
        a.pop(rax).mov(rdi, edge - 0x61)
        stos(a)
        count(a, 70)
        a.mov(rsi, edge - 0x80).mov(rdi, at.data + 0x103)
        movs(a)
        // one element further on: the first one is repeated
        count(a, 50)
        a.mov(rsi, at.data + 0x110).mov(rdi, at.data + 0x110 + width)
        movs(a)
        a.std()
        count(a, 40)
        a.mov(rsi, at.data + 0x300).mov(rdi, edge + 0x50)
        movs(a)
        count(a, 30)
        a.mov(rax, rbx).mov(rdi, edge + 0x10)
        stos(a)
        a.cld()
        note(a, 'fold')
        a.pop(rcx)
      }),
  }
}

/** Runs of string elements: across pages, over themselves, and backwards. */
export const strings: readonly Program[] = forms.map(ofWidth)
