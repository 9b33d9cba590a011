import { enterLongMode, multibootHeader } from '@vmm/built-in-guest'
import { type Assembler, al, assembler, ax, ds, dx, eax, es, esp, far, label, mem, ss } from '@vmm/x86-assembler'

/** Where things lie: four GiB are mapped onto themselves, what is above `free` belongs to the workload. */
export const place = { image: 0x10_0000, tables: 0x1f_0000, stack: 0x1f_8000, free: 0x20_0000 } as const

/** Selectors in the order that SYSCALL and SYSRET want them. */
export const selectors = { code: 0x08, data: 0x10, userData: 0x1b, userCode: 0x23, tss: 0x28 } as const

/** Selectors of 32-bit kernels; the segment of `offset` begins at 1000H. */
export const selectors32 = { code: 0x08, data: 0x10, offset: 0x18 } as const

const debugExitPort = 0xf4

/** What a kernel does between its start in 64-bit mode, with interrupts off, and its end. */
export type Workload = (a: Assembler) => void

/** A multiboot image that runs a workload in 64-bit mode, ring 0, and leaves through the debug exit. */
export function kernel(work: Workload): Uint8Array {
  return image(
    (a) => {
      // OSFXSR and OSXMMEXCPT; SCE; NE and MP
      const also = { cr4: 0x600, efer: 0x001, cr0: 0x22 }
      enterLongMode(a, { tables: place.tables, gdtr: 'gdtr', code: selectors.code, to: 'main', also })
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
  multibootHeader(a, place.image)
  a.label('entry').mov(esp, place.stack)
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
