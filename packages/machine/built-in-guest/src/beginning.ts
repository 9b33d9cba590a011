import { type Assembler, cr0, cr3, cr4, eax, ecx, edi, far, label, mem, mem32 } from '@vmm/x86-assembler'

const multibootMagic = 0x1bad_b002
/** The header gives addresses: the image is flat. */
const withAddresses = 1 << 16
const efer = 0xc000_0080
const twoMebibytes = 0x20_0000

/**
 * A multiboot 1 header, which must come first: the image is flat, lies at `image`, and begins in 32-bit code at its label
 * `entry`. Source: Multiboot Specification 0.6.96, §3.1.
 */
export function multibootHeader(a: Assembler, image: number): void {
  a.dd(multibootMagic, withAddresses, -(multibootMagic + withAddresses) >>> 0)
  a.dd(image, image, 0, 0, label('entry'))
}

/** Bytes of page tables that `enterLongMode` makes. */
export const longModeTables = 0x6000

/** How to go to 64-bit code. */
export interface LongModeEntry {
  /** Where `longModeTables` bytes of page tables go, on a page: 4 GiB onto themselves, for all levels, in pages of 2 MiB. */
  readonly tables: number
  /** The label of what LGDT loads. */
  readonly gdtr: string
  /** The selector of 64-bit code in that table. */
  readonly code: number
  /** The label where 64-bit code begins: the next instruction. */
  readonly to: string
  /** Bits to set beside those that paging and 64-bit mode need. */
  readonly also?: { readonly cr0?: number; readonly cr4?: number; readonly efer?: number }
}

/**
 * Goes from flat 32-bit code without paging to 64-bit code, which follows. EAX, ECX, EDX and EDI change; data segments stay.
 * Source: SDM 3A §10.8.5.
 */
export function enterLongMode(a: Assembler, { tables, gdtr, code, to, also = {} }: LongModeEntry): void {
  const [pml4, pdpt, directories] = [tables, tables + 0x1000, tables + 0x2000]
  const fill = a.unique('page')
  a.mov(edi, pml4)
    .mov(ecx, longModeTables / 4)
    .xor(eax, eax)
    .cld()
    .rep()
    .stosd()
  a.mov(mem32(pml4), pdpt | 7)
  for (let gib = 0; gib < 4; gib += 1) a.mov(mem32(pdpt + gib * 8), (directories + gib * 0x1000) | 7)
  a.mov(edi, directories).mov(eax, 0x87)
  a.label(fill).mov(mem32(edi), eax).add(edi, 8).add(eax, twoMebibytes).jae(fill)
  a.mov(eax, cr4)
    .or(eax, 0x20 | (also.cr4 ?? 0))
    .mov(cr4, eax)
  a.mov(eax, pml4).mov(cr3, eax)
  a.mov(ecx, efer)
    .rdmsr()
    .or(eax, 0x100 | (also.efer ?? 0))
    .wrmsr()
  a.mov(eax, (0x8000_0011 | (also.cr0 ?? 0)) >>> 0).mov(cr0, eax)
  a.lgdt(mem(gdtr)).jmpf(far(code, to)).bits(64).label(to)
}
