import {
  type Assembler,
  al,
  assembler,
  ax,
  cr0,
  cr3,
  cr4,
  ds,
  dx,
  eax,
  ecx,
  edi,
  es,
  esp,
  far,
  label,
  mem,
  mem32,
  ss,
} from '@vmm/x86-assembler'

/** Where things lie: one GiB is mapped onto itself, what is above `free` belongs to the workload. */
export const place = { image: 0x10_0000, pml4: 0x1f_0000, pdpt: 0x1f_1000, stack: 0x1f_8000, free: 0x20_0000 } as const

/** Selectors in the order that SYSCALL and SYSRET want them. */
export const selectors = { code: 0x08, data: 0x10, userData: 0x1b, userCode: 0x23, tss: 0x28 } as const

/** Selectors of 32-bit kernels; the segment of `offset` begins at 1000H. */
export const selectors32 = { code: 0x08, data: 0x10, offset: 0x18 } as const

const debugExitPort = 0xf4
const multibootMagic = 0x1bad_b002
/** The header gives addresses: the image is flat. */
const multibootFlags = 1 << 16
const efer = 0xc000_0080

/** What a kernel does between its start in 64-bit mode, with interrupts off, and its end. */
export type Workload = (a: Assembler) => void

/** A multiboot image that runs a workload in 64-bit mode, ring 0, and leaves through the debug exit. */
export function kernel(work: Workload): Uint8Array {
  return image(
    (a) => {
      enterLongMode(a)
      a.bits(64)
      loadData(a)
      work(a)
    },
    [0x00af_9b00_0000_ffffn, 0x00cf_9300_0000_ffffn, 0x00cf_f300_0000_ffffn, 0x00af_fb00_0000_ffffn],
  )
}

/** The same in 32-bit protected mode, without paging. */
export function kernel32(work: Workload): Uint8Array {
  return image(
    (a) => {
      a.label('entry').mov(esp, place.stack)
      a.lgdt(mem('gdtr')).jmpf(far(selectors32.code, 'main')).label('main')
      loadData(a)
      work(a)
    },
    [0x00cf_9b00_0000_ffffn, 0x00cf_9300_0000_ffffn, 0x00cf_9300_1000_ffffn],
  )
}

const loadData = (a: Assembler): void => void a.mov(eax, selectors.data).mov(ds, ax).mov(es, ax).mov(ss, ax)

function image(body: (a: Assembler) => void, descriptors: readonly bigint[]): Uint8Array {
  const a = assembler({ origin: place.image, codeSize: 32 })
  a.dd(multibootMagic, multibootFlags, -(multibootMagic + multibootFlags) >>> 0)
  a.dd(place.image, place.image, 0, 0, label('entry'))
  body(a)
  a.label('exit').mov(dx, debugExitPort).xor(eax, eax).out(dx, al).cli().label('stop').hlt().jmp('stop')
  a.align(8)
    .label('gdt')
    .dq(0n, ...descriptors)
  a.label('gdtr')
    .dw(descriptors.length * 8 + 7)
    .dd(label('gdt'), 0)
  return a.finish().bytes
}

function enterLongMode(a: Assembler): void {
  a.label('entry').mov(esp, place.stack)
  a.mov(edi, place.pml4).mov(ecx, 0x800).xor(eax, eax).cld().rep().stosd()
  a.mov(mem32(place.pml4), place.pdpt | 7).mov(mem32(place.pdpt), 0x87)
  a.mov(eax, place.pml4).mov(cr3, eax)
  // PAE, OSFXSR, OSXMMEXCPT; LME and SCE; PG, NE, MP, PE
  a.mov(eax, cr4).or(eax, 0x620).mov(cr4, eax)
  a.mov(ecx, efer).rdmsr().or(eax, 0x101).wrmsr()
  a.mov(eax, cr0).or(eax, 0x8000_0023).mov(cr0, eax)
  a.lgdt(mem('gdtr')).jmpf(far(selectors.code, 'main')).label('main')
}
