import { cr0, cr3, cr4, eax, ebx, ecx, edx, mem, mem32, rax, rbx, rcx } from '@vmm/x86-assembler'
import { type CheckBuilder, type Kernel, KernelBuilder } from '../kernel/kernel.ts'
import { place } from '../kernel/places.ts'

type Asm = CheckBuilder['a']

/** Bits of a page-table entry. Source: SDM 3A §4.5.4, Table 4-20. */
const [_P, _RW, _US, _A, _D, PS, G] = [1, 2, 4, 0x20, 0x40, 0x80, 0x100]
/** Its upper half. */
const XD = 0x8000_0000
const setBits = (a: Asm, register: typeof cr0, wide: typeof rax | typeof eax, set: number, clear = 0): void =>
  void a.mov(wide, register).or(eax, set).and(eax, ~clear).mov(register, wide)
const [WP, SMEP, SMAP, PGE, _PSE, _PAE, _PG] = [1 << 16, 1 << 20, 1 << 21, 1 << 7, 1 << 4, 1 << 5, 1 << 31]

/** The region under test, and the tables that lead to it. */
const four = {
  linear: 0x80_0000_0000,
  pdpt: place.pageTables + 0x1_0000,
  directory: place.pageTables + 0x1_1000,
  table: place.pageTables + 0x1_2000,
  slot: place.pageTables + 0x1_2000,
}
/** PML4 slot of the region: bits 47:39 of its address. */
const pml4Slot = place.pageTables + Math.floor(four.linear / 2 ** 39) * 8

interface Rights {
  /** Flags by level: PML4, PDPT, directory, table; whole words, with the upper halves beside them. */
  readonly flags?: readonly [number, number, number, number]
  readonly upper?: readonly [number, number, number, number]
  readonly frame?: number
}

/** Maps one page of the region through four levels. */
function map4(a: Asm, { flags = [7, 7, 7, 7], upper = [0, 0, 0, 0], frame = place.scratch }: Rights = {}): void {
  const words = [
    [pml4Slot, four.pdpt | flags[0], upper[0]],
    [four.pdpt, four.directory | flags[1], upper[1]],
    [four.directory, four.table | flags[2], upper[2]],
    [four.table, frame | flags[3], upper[3]],
  ] as const
  for (const [at, low, high] of words) a.mov(mem32(at), low).mov(mem32(at + 4), high)
  a.mov(rax, cr3).mov(cr3, rax).mov(rax, BigInt(four.linear))
}

const ud2 = 0x0b0f

/** Protection keys: the page has key 1, and PKRU denies something. Source: SDM 3A §4.6.2. */
function keys(k: KernelBuilder): void {
  const [PKE, key1] = [1 << 22, 1 << 27]
  const keyed = (name: string, expected: string, denied: number, flags: 5 | 7, act: (a: Asm) => unknown, wp = WP) =>
    k.check(name, expected, (a) => {
      setBits(a, cr4, rax, PKE)
      setBits(a, cr0, rax, wp)
      a.mov(eax, denied).xor(ecx, ecx).xor(edx, edx).wrpkru()
      map4(a, { flags: [7, 7, 7, flags], upper: [0, 0, 0, key1] })
      void act(a)
    })
  keyed('a key that denies access keeps loads off', '#PF(21)', 4, 7, (a) => a.mov(ebx, mem32(rax)))
  keyed('a key that denies writes lets loads through', 'ok', 8, 7, (a) => a.mov(ebx, mem32(rax)))
  keyed('a key that denies writes keeps stores off', '#PF(23)', 8, 7, (a) => a.mov(mem32(rax), ebx))
  keyed('the supervisor without CR0.WP stores in spite of it', 'ok', 8, 7, (a) => a.mov(mem32(rax), ebx), 0)
  keyed('where the page is read-only as well, the key is told of, too', '#PF(23)', 8, 5, (a) => a.mov(mem32(rax), ebx))
  keyed('where the page alone is to blame, it is not', '#PF(3)', 0x10, 5, (a) => a.mov(mem32(rax), ebx))
}

/** The kernel's own pages become the supervisor's, so that it lives on with SMEP and SMAP; then these are on. */
function supervise(a: Asm, bits: number): void {
  a.mov(mem32(place.pageTables + 0x2000), 0x83).mov(mem32(place.pageTables + 0x2008), 0x20_0083)
  a.mov(rax, cr3).mov(cr3, rax)
  setBits(a, cr4, rax, bits)
  a.mov(rax, BigInt(four.linear))
}

function levels(k: KernelBuilder): void {
  k.check('a page of four levels', 'ok 1234', (a, c) => {
    a.mov(mem32(place.scratch), 0x1234)
    map4(a)
    a.mov(ebx, mem32(rax))
    c.value(rbx)
  })
  k.check('accessed and dirty bits', 'ok 27 27 27 27 67', (a, c) => {
    map4(a)
    a.mov(ebx, mem32(rax))
    for (const at of [pml4Slot, four.pdpt, four.directory, four.table]) {
      a.mov(ecx, mem32(at)).and(ecx, 0xfff)
      c.value(rcx)
    }
    a.mov(mem32(rax), ebx).mov(ecx, mem32(four.table)).and(ecx, 0xfff)
    c.value(rcx)
  })
  for (const [at, name] of names.entries()) level(k, at, name)
}

const names = ['PML4', 'PDPT', 'directory', 'table'] as const

/** What an entry of one level can refuse. */
function level(k: KernelBuilder, own: number, name: string): void {
  const flags = (bits: number) => names.map((_, at) => (at === own ? bits : 7)) as never
  const upper = (bits: number) => names.map((_, at) => (at === own ? bits : 0)) as never
  k.check(
    `an entry of the ${name} that is not present`,
    '#PF(0) cr2=8000000000',
    (a) => {
      map4(a, { flags: flags(6) })
      a.mov(ebx, mem32(rax))
    },
    ['cr2'],
  )
  k.check(
    `a supervisor entry in the ${name} for CPL 3`,
    '#PF(5) cr2=8000000000',
    (a, c) => {
      map4(a, { flags: flags(3) })
      c.user((u) => u.mov(rax, BigInt(four.linear)).mov(ebx, mem32(rax)))
    },
    ['cr2'],
  )
  k.check(`a read-only entry in the ${name} for CPL 3`, '#PF(7)', (a, c) => {
    map4(a, { flags: flags(5) })
    c.user((u) => u.mov(rax, BigInt(four.linear)).mov(mem32(rax), ebx))
  })
  k.check(`a read-only entry in the ${name} for CPL 0 without WP`, 'ok', (a) => {
    map4(a, { flags: flags(5) })
    a.mov(mem32(rax), ebx)
  })
  k.check(`a read-only entry in the ${name} for CPL 0 with WP`, '#PF(3)', (a) => {
    map4(a, { flags: flags(5) })
    setBits(a, cr0, rax, WP)
    a.mov(rax, BigInt(four.linear)).mov(mem32(rax), ebx)
  })
  k.check(
    `an execute-disable entry in the ${name}`,
    '#PF(11) cr2=8000000000',
    (a) => {
      map4(a, { upper: upper(XD) })
      a.call(rax)
    },
    ['cr2'],
  )
  k.check(`a reserved bit in the ${name}`, '#PF(9)', (a) => {
    map4(a, { upper: upper(1 << 19) })
    a.mov(ebx, mem32(rax))
  })
}

/** Page-fault error codes, and what keeps the supervisor out. Source: SDM 3A §4.6, §4.7. */
function rights(k: KernelBuilder): void {
  k.check('a fetch from a page that is not present', '#PF(10)', (a) => {
    map4(a, { flags: [7, 7, 7, 6] })
    a.call(rax)
  })
  k.check('a user page runs at CPL 0 without SMEP', '#UD', (a) => {
    a.mov(mem32(place.scratch), ud2)
    map4(a)
    a.jmp(rax)
  })
  k.check('a user page does not run at CPL 0 with SMEP', '#PF(11)', (a) => {
    map4(a)
    supervise(a, SMEP)
    a.jmp(rax)
  })
  k.check('a user page is not read at CPL 0 with SMAP', '#PF(1)', (a) => {
    map4(a)
    supervise(a, SMAP)
    a.mov(ebx, mem32(rax))
  })
  k.check('a user page is not written at CPL 0 with SMAP', '#PF(3)', (a) => {
    map4(a)
    supervise(a, SMAP)
    a.mov(mem32(rax), ebx)
  })
  k.check('STAC opens user pages', 'ok', (a) => {
    map4(a)
    supervise(a, SMAP)
    a.stac().mov(ebx, mem32(rax)).clac()
  })
  k.check('CLAC closes them again', '#PF(1)', (a) => {
    map4(a)
    supervise(a, SMAP)
    a.stac().mov(ebx, mem32(rax)).clac().mov(ebx, mem32(rax))
  })
}

/** Reserved bits, and accesses of more than one kind or page. */
function odd(k: KernelBuilder): void {
  k.check('execute-disable is reserved without EFER.NXE', '#PF(9)', (a) => {
    a.mov(ecx, 0xc000_0080).rdmsr().and(eax, ~0x800).wrmsr()
    map4(a, { upper: [0, 0, 0, XD] })
    a.mov(ebx, mem32(rax))
  })
  k.check('PS in the PML4 is reserved', '#PF(9)', (a) => {
    map4(a, { flags: [7 | PS, 7, 7, 7] })
    a.mov(ebx, mem32(rax))
  })
  k.check('a large page that is not aligned', '#PF(9)', (a) => {
    map4(a, { flags: [7, 7, 7 | PS, 7] })
    a.mov(ebx, mem32(rax))
  })
  k.check('a read-modify-write of a read-only page is a write', '#PF(7)', (a, c) => {
    map4(a, { flags: [7, 7, 7, 5] })
    c.user((u) => u.mov(rax, BigInt(four.linear)).add(mem32(rax), 0))
  })
  k.check(
    'a store across two pages changes neither',
    '#PF(2) cr2=8000001000',
    (a) => {
      map4(a)
      a.mov(mem32(four.table + 8), 0).mov(mem32(place.scratch + 0xffc), 0x5555_5555)
      a.mov(rax, BigInt(four.linear + 0xffe)).mov(mem32(rax), ebx)
    },
    ['cr2'],
  )
}

/** What translations are remembered, and what makes them forgotten. Source: SDM 3A §4.10. */
function remembering(k: KernelBuilder): void {
  const other = place.scratch + 0x1000
  const both = (a: Asm): Asm => a.mov(mem32(place.scratch), 1).mov(mem32(other), 2)
  k.check('INVLPG forgets a page', 'ok 2', (a, c) => {
    both(a)
    map4(a)
    a.mov(ebx, mem32(rax))
      .mov(mem32(four.table), other | 7)
      .invlpg(mem(rax))
      .mov(ebx, mem32(rax))
    c.value(rbx)
  })
  k.check('INVLPG forgets all of a large page', 'ok 2', (a, c) => {
    a.mov(mem32(0x20_0000 + 0x9_0000), 1).mov(mem32(0x40_0000 + 0x9_0000), 2)
    map4(a)
    a.mov(mem32(four.directory), 0x20_0000 | 7 | PS)
      .mov(rbx, cr3)
      .mov(cr3, rbx)
      .mov(ecx, mem32({ base: rax, displacement: 0x9_0000 }))
    a.mov(mem32(four.directory), 0x40_0000 | 7 | PS)
      .invlpg(mem(rax))
      .mov(ebx, mem32({ base: rax, displacement: 0x9_0000 }))
    c.value(rbx)
  })
  k.check('MOV to CR3 forgets a page', 'ok 2', (a, c) => {
    both(a)
    map4(a)
    a.mov(ebx, mem32(rax))
      .mov(mem32(four.table), other | 7)
      .mov(rbx, cr3)
      .mov(cr3, rbx)
      .mov(ebx, mem32(rax))
    c.value(rbx)
  })
}

/** Global pages, and what may be done without forgetting. */
function keeping(k: KernelBuilder): void {
  const other = place.scratch + 0x1000
  const both = (a: Asm): Asm => a.mov(mem32(place.scratch), 1).mov(mem32(other), 2)
  k.check('CR4.PGE forgets a global page', 'ok 2', (a, c) => {
    both(a)
    setBits(a, cr4, rax, PGE)
    map4(a, { flags: [7, 7, 7, 7 | G] })
    a.mov(ebx, mem32(rax)).mov(mem32(four.table), other | 7)
    setBits(a, cr4, rax, 0, PGE)
    a.mov(rax, BigInt(four.linear)).mov(ebx, mem32(rax))
    c.value(rbx)
  })
  k.check('a page that was not present is not remembered', 'ok 1', (a, c) => {
    both(a)
    map4(a)
    a.mov(mem32(four.table), place.scratch | 7).mov(ebx, mem32(rax))
    c.value(rbx)
  })
  k.check('more rights need no INVLPG for a write', 'ok', (a) => {
    map4(a, { flags: [7, 7, 7, 5] })
    setBits(a, cr0, rax, WP)
    a.mov(rax, BigInt(four.linear))
      .mov(ebx, mem32(rax))
      .mov(mem32(four.table), place.scratch | 7)
      .invlpg(mem(rax))
      .mov(mem32(rax), ebx)
  })
  k.check('a dirty bit that software clears is set again after INVLPG', 'ok 67', (a, c) => {
    map4(a)
    a.mov(mem32(rax), ebx)
      .mov(mem32(four.table), place.scratch | 7)
      .invlpg(mem(rax))
      .mov(mem32(rax), ebx)
    a.mov(ebx, mem32(four.table)).and(ebx, 0xfff)
    c.value(rbx)
  })
}

/** Four levels. Source: SDM 3A chapter 4. */
export function paging(): Kernel {
  const k = new KernelBuilder('paging', 64)
  levels(k)
  rights(k)
  odd(k)
  remembering(k)
  keeping(k)
  keys(k)
  return k.finish()
}
