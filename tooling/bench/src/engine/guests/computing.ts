import {
  type Assembler,
  al,
  eax,
  ebx,
  ecx,
  edi,
  edx,
  esi,
  label,
  mem,
  mem8,
  mem32,
  mem64,
  r8,
  r9,
  rax,
  rbx,
  rcx,
} from '@vmm/x86-assembler'
import type { Guest, Load } from './guest.ts'
import { counted, foldWide, reloadRoot, scatter } from './loops.ts'
import { place } from './places.ts'

/** Xorshift, multiplications, additions with carry, conditional moves and a branch that nobody foresees. */
export const integer: Load = {
  prepare: ({ a }) => void a.mov(mem32(place.cell), 0x1e37_79b9),
  round: (g) => {
    const { a, w } = g
    a.mov(eax, mem32(place.cell)).xor(ebx, ebx)
    counted(g, 100_000, () => {
      const even = a.unique('even')
      a.mov(w.d, w.a).shl(w.d, 13).xor(w.a, w.d).mov(w.d, w.a).shr(w.d, 7).xor(w.a, w.d)
      a.imul(w.d, w.a, 25)
        .add(w.b, w.d)
        .adc(w.b, 0)
        .lea(w.si, mem({ base: w.b, index: w.a, scale: 2 }))
      a.cmp(w.si, w.b).cmovb(w.si, w.d).sub(w.b, w.si).test(al, 4).je(even).not(w.b).label(even)
    })
    a.xor(w.a, w.b)
    foldWide(g)
    a.mov(mem32(place.cell), eax)
  },
}

const sieveBytes = 8 << 20
/** Only the smallest primes take long. */
const reloadBelow = 64

/** Primes below eight million, a byte each; with `reload`, CR3 is reloaded now and then, as processes that take turns do. */
export const sieve = (reload: boolean): Load => ({
  round: (g) => {
    const { a, w } = g
    const cell = (index: typeof w.b) => mem8({ base: index, displacement: place.data })
    a.mov(edi, place.data)
      .mov(ecx, sieveBytes / 4)
      .mov(eax, 0x0101_0101)
      .cld()
      .rep()
      .stosd()
    a.mov(ebx, 2).xor(esi, esi)
    a.label('candidate').cmp(cell(w.b), 0).je('composite').inc(esi)
    if (reload) {
      a.cmp(ebx, reloadBelow).jae('keep')
      reloadRoot(g)
      a.label('keep')
    }
    a.mov(edx, ebx).add(edx, edx)
    a.label('strike').cmp(edx, sieveBytes).jae('composite').mov(cell(w.d), 0).add(edx, ebx).jmp('strike')
    a.label('composite').inc(ebx).cmp(ebx, sieveBytes).jb('candidate').mov(eax, esi)
  },
})

const hashBytes = 64 << 10

/** A hash of 64 KiB: multiplications and rotations that wait for each other, of the code's width. */
export const hash: Load = {
  prepare: (g) => scatter(g, place.data, hashBytes / 4),
  round: (g) => {
    if (g.width === 64) hashWide(g)
    else hashNarrow(g)
  },
}

function hashWide(g: Guest): void {
  const { a } = g
  a.mov(r8, 0x9e37_79b1_85eb_ca87n).mov(r9, 0xc2b2_ae3d_27d4_eb4fn).mov(eax, mem32(place.rounds)).xor(ebx, ebx)
  a.label('word').mov(rcx, mem64({ base: rbx, displacement: place.data }))
  a.imul(rcx, r9).rol(rcx, 31).imul(rcx, r8).xor(rax, rcx).rol(rax, 27).imul(rax, r8).add(rax, 0x3d4d_51cb)
  a.add(ebx, 8).cmp(ebx, hashBytes).jb('word')
  a.mov(rcx, rax).shr(rcx, 33).xor(rax, rcx).imul(rax, r9).mov(rcx, rax).shr(rcx, 32).xor(rax, rcx)
}

function hashNarrow(g: Guest): void {
  const { a } = g
  a.mov(eax, mem32(place.rounds)).xor(ebx, ebx)
  a.label('word').mov(ecx, mem32({ base: ebx, displacement: place.data }))
  a.imul(ecx, ecx, 0xcc9e_2d51 | 0)
    .rol(ecx, 15)
    .imul(ecx, ecx, 0x1b87_3593)
  a.xor(eax, ecx)
    .rol(eax, 13)
    .lea(eax, mem({ base: eax, index: eax, scale: 4, displacement: 0xe654_6b64 | 0 }))
  a.add(ebx, 4).cmp(ebx, hashBytes).jb('word')
  a.mov(ecx, eax)
    .shr(ecx, 16)
    .xor(eax, ecx)
    .imul(eax, eax, 0x85eb_ca6b | 0)
    .mov(ecx, eax)
    .shr(ecx, 13)
    .xor(eax, ecx)
}

/** What the interpreted program does again and again: two variables, a multiplication, an addition, an exclusive or. */
const program = [
  'load0',
  'push',
  37,
  'multiply',
  'push',
  11,
  'add',
  'twice',
  'store0',
  'load1',
  'xor',
  'store1',
] as const
const operations = [
  'push',
  'add',
  'multiply',
  'xor',
  'twice',
  'load0',
  'store0',
  'load1',
  'store1',
  'loop',
  'end',
] as const

/** A stack machine with one indirect jump for each operation. ESI is its program counter, EDI its stack, EBP its variables. */
export const interpreter: Load = {
  prepare: ({ a }) => void a.mov(mem32(place.cell), 1).mov(mem32(place.cell + 4), 2),
  round: (g) => {
    const { a, w } = g
    const next = (): void =>
      void a
        .movzx(eax, mem8(w.si))
        .inc(w.si)
        .jmp(w.mem({ index: w.a, scale: w.bytes, displacement: label('operations') }))
    a.mov(esi, 'program').mov(edi, place.data).mov(w.bp, place.cell).mov(ecx, 5000)
    next()
    handlers(g, next)
    a.align(8).label('operations')
    for (const each of operations)
      if (w.bytes === 8) a.dq(label(`operation ${each}`))
      else a.dd(label(`operation ${each}`))
    a.label('program').db(...program.map(opcode), opcode('loop'), opcode('end'))
    a.label('operation end')
      .mov(eax, mem32(w.bp))
      .xor(eax, mem32({ base: w.bp, displacement: 4 }))
  },
}

const opcode = (each: (typeof program)[number] | 'loop' | 'end'): number =>
  typeof each === 'number' ? each : operations.indexOf(each)

function handlers({ a, w }: Guest, next: () => void): void {
  const top = mem32({ base: w.di, displacement: -4 })
  const handler = (name: string, body: (a: Assembler) => unknown): void => {
    a.label(`operation ${name}`)
    body(a)
    next()
  }
  const binary = (body: (a: Assembler) => unknown) => (): void => {
    a.sub(w.di, 4).mov(eax, mem32(w.di))
    body(a)
  }
  handler('push', () => a.movzx(eax, mem8(w.si)).inc(w.si).mov(mem32(w.di), eax).add(w.di, 4))
  handler(
    'add',
    binary(() => a.add(top, eax)),
  )
  handler(
    'multiply',
    binary(() => a.imul(eax, top).mov(top, eax)),
  )
  handler(
    'xor',
    binary(() => a.xor(top, eax).rol(top, 5)),
  )
  handler('twice', () => a.mov(eax, top).mov(mem32(w.di), eax).add(w.di, 4))
  for (const variable of [0, 1]) {
    const cell = mem32({ base: w.bp, displacement: variable * 4 })
    handler(`load${variable}`, () => a.mov(eax, cell).mov(mem32(w.di), eax).add(w.di, 4))
    handler(`store${variable}`, () => a.sub(w.di, 4).mov(eax, mem32(w.di)).mov(cell, eax))
  }
  handler('loop', () => a.dec(ecx).je('loop ends').mov(esi, 'program').label('loop ends'))
}

/** Fibonacci, the slow way: calls, returns and a stack. */
export const recursion: Load = {
  round: ({ a, w }) => {
    a.mov(edi, 22).call('fibonacci').jmp('counted')
    a.label('fibonacci').cmp(edi, 2).jb('small')
    a.push(w.di).dec(edi).call('fibonacci').pop(w.di).push(w.a).sub(edi, 2).call('fibonacci')
    a.pop(w.d).add(eax, edx).ret()
    a.label('small').mov(eax, edi).ret()
    a.label('counted')
  },
}

/** Calls of one of eight functions, chosen by numbers that look random. */
export const indirect: Load = {
  round: (g) => {
    const { a, w } = g
    a.xor(eax, eax).mov(ebx, 12_345)
    counted(g, 50_000, () => {
      a.imul(ebx, ebx, 1_664_525).add(ebx, 1_013_904_223).mov(edx, ebx).shr(edx, 29)
      a.call(w.mem({ index: w.d, scale: w.bytes, displacement: label('functions') }))
    })
    a.jmp('called').align(8).label('functions')
    for (let each = 0; each < 8; each += 1)
      if (w.bytes === 8) a.dq(label(`function ${each}`))
      else a.dd(label(`function ${each}`))
    for (let each = 0; each < 8; each += 1)
      a.label(`function ${each}`)
        .rol(eax, each + 1)
        .xor(eax, 0x51 * (each + 1))
        .add(eax, ebx)
        .ret()
    a.label('called')
  },
}
