import { al, cr0, cr3, cr4, eax, ebx, ecx, edi, mem, mem8, mem32 } from '@vmm/x86-assembler'
import { type CheckBuilder, type Kernel, KernelBuilder } from '../kernel/kernel.ts'
import { place } from '../kernel/places.ts'

type Asm = CheckBuilder['a']

/** Bits of an entry, and of its upper half. Source: SDM 3A §4.3, Table 4-6; §4.4.2, Table 4-11. */
const PS = 0x80
const XD = 0x8000_0000
const [WP, PSE, PAE, PG] = [1 << 16, 1 << 4, 1 << 5, 1 << 31]
const setBits = (a: Asm, register: typeof cr0, wide: typeof eax, set: number): void =>
  void a.mov(wide, register).or(eax, set).mov(register, wide)

/** Identity for the first 4 MiB by large pages, and one 4 KiB page at 400000H. */
const low = { directory: place.pageTables, table: place.pageTables + 0x1000, linear: 0x40_0000 }

function narrow(k: KernelBuilder): void {
  const on = (a: Asm, entry: number, table: number, cr0Bits = 0): void => {
    a.mov(edi, low.directory).xor(eax, eax).mov(ecx, 0x800).rep().stosd()
    a.mov(mem32(low.directory), 7 | PS)
      .mov(mem32(low.directory + 4), entry)
      .mov(mem32(low.table), table)
    setBits(a, cr4, eax, PSE)
    a.mov(eax, low.directory).mov(cr3, eax)
    setBits(a, cr0, eax, PG | cr0Bits)
  }
  const [entry, table] = [low.table | 7, place.scratch | 7]
  k.check('a 4 KiB page of 32-bit paging', 'ok 77 27 67', (a, c) => {
    on(a, entry, table)
    a.mov(mem8(place.scratch), 0x77).movzx(ebx, mem8(low.linear))
    c.value(ebx)
    a.mov(mem8(low.linear), al)
      .mov(ebx, mem32(low.directory + 4))
      .and(ebx, 0xfff)
    c.value(ebx)
    a.mov(ebx, mem32(low.table)).and(ebx, 0xfff)
    c.value(ebx)
  })
  k.check(
    'not present in the table',
    '#PF(2) cr2=400010',
    (a) => {
      on(a, entry, 0)
      a.mov(mem8(low.linear + 16), al)
    },
    ['cr2'],
  )
  k.check('not present in the directory', '#PF(0)', (a) => {
    on(a, 0, 0)
    a.mov(al, mem8(low.linear))
  })
  k.check('CPL 3 and a supervisor page', '#PF(5)', (a, c) => {
    on(a, entry, place.scratch | 3)
    c.user((u) => u.mov(al, mem8(low.linear)))
  })
  k.check('CPL 0, WP and a read-only page', '#PF(3)', (a) => {
    on(a, entry, place.scratch | 5, WP)
    a.mov(mem8(low.linear), al)
  })
  k.check('a page of 4 MiB', 'ok 99', (a, c) => {
    on(a, 7 | PS, 0)
    a.mov(mem8(place.scratch), 0x99).movzx(ebx, mem8(low.linear + place.scratch))
    c.value(ebx)
  })
  k.check('bit 21 of a 4 MiB page is reserved', '#PF(9)', (a) => {
    on(a, 0x20_0000 | 7 | PS, 0)
    a.mov(al, mem8(low.linear))
  })
}

function wide(k: KernelBuilder): void {
  const pae = { pointers: place.pageTables, directory: place.pageTables + 0x1000, table: place.pageTables + 0x2000 }
  const on = (a: Asm, table: number, upper = 0, pointer = 1): void => {
    a.mov(edi, pae.pointers).xor(eax, eax).mov(ecx, 0xc00).rep().stosd()
    a.mov(mem32(pae.pointers), pae.directory | pointer)
    a.mov(mem32(pae.directory), 7 | PS)
      .mov(mem32(pae.directory + 8), 0x20_0007 | PS)
      .mov(mem32(pae.directory + 16), pae.table | 7)
    a.mov(mem32(pae.table), table).mov(mem32(pae.table + 4), upper)
    a.mov(ecx, 0xc000_0080).rdmsr().or(eax, 0x800).wrmsr()
    setBits(a, cr4, eax, PAE)
    a.mov(eax, pae.pointers).mov(cr3, eax)
    setBits(a, cr0, eax, PG)
  }
  k.check('a page of PAE paging', 'ok 55', (a, c) => {
    on(a, place.scratch | 7)
    a.mov(mem8(place.scratch), 0x55).movzx(ebx, mem8(low.linear))
    c.value(ebx)
  })
  k.check('PAE: a reserved bit', '#PF(9)', (a) => {
    on(a, place.scratch | 7, 1 << 20)
    a.mov(al, mem8(low.linear))
  })
  k.check('PAE: execute-disable', '#PF(11)', (a) => {
    on(a, place.scratch | 7, XD)
    a.mov(eax, low.linear).call(eax)
  })
  k.check('PAE: reserved bits of a pointer are refused with CR0.PG', '#GP(0)', (a) =>
    on(a, place.scratch | 7, 0, 1 | 0x1e0),
  )
  k.check('PAE: reserved bits of a pointer are refused by MOV to CR3', '#GP(0)', (a) => {
    on(a, place.scratch | 7)
    a.mov(mem32(pae.pointers + 0x20), pae.directory | 3)
      .mov(eax, pae.pointers + 0x20)
      .mov(cr3, eax)
  })
  k.check('PAE: pointers are read by MOV to CR3 alone', 'ok 55 66', (a, c) => {
    const [directory, table] = [place.pageTables + 0x3000, place.pageTables + 0x4000]
    on(a, place.scratch | 7)
    a.mov(mem8(place.scratch), 0x55).mov(mem8(place.scratch + 0x1000), 0x66)
    a.mov(edi, directory).xor(eax, eax).mov(ecx, 0x800).rep().stosd()
    a.mov(mem32(directory), 7 | PS).mov(mem32(directory + 8), 0x20_0007 | PS)
    a.mov(mem32(directory + 16), table | 7).mov(mem32(table), (place.scratch + 0x1000) | 7)
    a.mov(mem32(pae.pointers), directory | 1)
      .invlpg(mem(low.linear))
      .movzx(ebx, mem8(low.linear))
    c.value(ebx)
    a.mov(eax, cr3).mov(cr3, eax).movzx(ebx, mem8(low.linear))
    c.value(ebx)
  })
}

/** 32-bit and PAE paging. Source: SDM 3A §4.3, §4.4. */
export function legacyPaging(): Kernel {
  const k = new KernelBuilder('legacyPaging', 32)
  narrow(k)
  wide(k)
  return k.finish()
}
