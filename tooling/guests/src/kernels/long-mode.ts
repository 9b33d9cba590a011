import {
  al,
  ax,
  bx,
  cr0,
  cr8,
  ds,
  eax,
  ebx,
  ecx,
  far,
  fs,
  gs,
  label,
  mem,
  mem16,
  mem32,
  mem48,
  mem64,
  r9,
  rax,
  rbp,
  rbx,
  rdx,
  rsp,
  ss,
} from '@vmm/x86-assembler'
import { flat, gate, segment, segmentType } from '../kernel/descriptor.ts'
import { type CheckBuilder, type Kernel, KernelBuilder } from '../kernel/kernel.ts'
import { place, selector } from '../kernel/places.ts'
import { fastCalls, msr, steppedCalls, systemCalls, wrmsr } from './system-calls.ts'

type Asm = CheckBuilder['a']

const notCanonical = 0x8000_0000_0000n
const idtEntry = (vector: number) => place.idt + vector * 16

function canonical(k: KernelBuilder): void {
  const bad = (a: Asm) => a.mov(rax, notCanonical)
  k.check('a load from an address that is not canonical', '#GP(0)', (a) => bad(a).mov(rbx, mem64(rax)))
  k.check('a load through RBP from one', '#SS(0)', (a) => bad(a).mov(rbp, rax).mov(rbx, mem64(rbp)))
  k.check('a load through RSP from one', '#SS(0)', (_a, c) => c.user((u) => bad(u).mov(rsp, rax).mov(rax, mem64(rsp))))
  k.check('a load across the end of canonical addresses', '#GP(0)', (a) =>
    bad(a).mov(rbx, mem64({ base: rax, displacement: -4 })),
  )
  k.check('JMP to one faults where it is', '#GP(0) at=a', (a) => bad(a).jmp(rax), ['at'])
  k.check('RET to one faults where it is', '#GP(0) at=b', (a) => bad(a).push(rax).ret(), ['at'])
  k.check('IRET to one', '#GP(0)', (a) => {
    bad(a).mov(rbx, rsp).push(selector.data).push(rbx).push(2).push(selector.code).push(rax).iretq()
  })
  // not with 57 bits either: KVM goes by what the hardware has, whatever CR4.LA57 says
  k.check('WRMSR of one to FS_BASE', '#GP(0)', (a) => wrmsr(a, msr.FS_BASE, 0, 0x0100_0000))
  k.check('LGDT of one', '#GP(0)', (a) => {
    bad(a)
      .mov(mem64(place.scratch + 2), rax)
      .lgdt(mem(place.scratch))
      .lgdt(mem('gdtr'))
  })
  k.check('INVLPG of one does nothing', 'ok', (a) => bad(a).invlpg(mem(rax)))
}

/** Relative jumps from the last bytes of the lower half of the addresses, where the last bytes of 4 MiB are seen. */
function overTheEdge(k: KernelBuilder): void {
  const [pdpt, pd, last, page] = [place.scratch + 0x1_0000, place.scratch + 0x1_1000, 511 * 8, 0x20_0000]
  const start = 0x7fff_ffff_fff0n
  const runs = (name: string, expected: string, words: number) =>
    k.check(
      name,
      expected,
      (a) => {
        const entry = (at: number, value: number) => a.mov(mem32(at), value).mov(mem32(at + 4), 0)
        entry(place.pageTables + 255 * 8, pdpt | 7)
        entry(pdpt + last, pd | 7)
        entry(pd + last, page | 0x87)
        a.mov(mem32(page * 2 - 16), words)
          .mov(mem32(page * 2 - 12), 0)
          .mov(rax, start)
          .jmp(rax)
      },
      ['eip', 'esp'],
    )
  runs('a relative JMP out of the canonical addresses faults where it is', '#GP(0) eip=7ffffffffff0 esp=220000', 0x7feb)
  runs('a relative CALL does, too, and pushes nothing', '#GP(0) eip=7ffffffffff0 esp=220000', 0x1_00e8)
  runs('a branch that is not taken does not', '#UD eip=7ffffffffff2 esp=220000', 0x0b0f_7f70)
}

/** Makes a gate lead to a label. */
function handler(a: Asm, vector: number, name: string, ist = 0, type = 0x8e): void {
  a.mov(eax, label(name))
    .mov(mem16(idtEntry(vector)), ax)
    .shr(eax, 16)
    .mov(mem16(idtEntry(vector) + 6), ax)
  a.mov(mem16(idtEntry(vector) + 2), selector.code).mov(mem16(idtEntry(vector) + 4), (type << 8) | ist)
}

/** Delivery of interrupts. Source: SDM 3A §6.14. */
function delivery(k: KernelBuilder): void {
  k.check('the frame lies on sixteen bytes and holds SS and RSP', 'ok 21ffc8 10 21fff9 8 2', (a, c) => {
    const name = c.unique('handler')
    handler(a, 0x30, name)
    a.push(2).popfq().sub(rsp, 7).int(0x30).label(name).mov(rax, rsp)
    c.value(rax)
    for (const at of [32, 24, 8, 16]) {
      a.mov(rax, mem64({ base: rsp, displacement: at }))
      if (at === 16) a.and(eax, 0x202)
      c.value(rax)
    }
  })
  k.check('IST takes another stack', 'ok 24ffd8 220000', (a, c) => {
    const name = c.unique('handler')
    handler(a, 0x30, name, 1)
    a.mov(eax, place.otherStack)
      .mov(mem64(place.tss + 36), rax)
      .int(0x30)
      .label(name)
      .mov(rax, rsp)
    c.value(rax)
    a.mov(rax, mem64({ base: rsp, displacement: 24 }))
    c.value(rax)
  })
}

/** Interrupts that are not delivered. Source: SDM 3A §6.14. */
function refusedDelivery(k: KernelBuilder): void {
  k.check('an IST that is not canonical', '#SS(0)', (a, _c) => {
    handler(a, 0x30, 'fault', 1)
    a.mov(rax, notCanonical)
      .mov(mem64(place.tss + 36), rax)
      .int(0x30)
  })
  k.check('an IST below which nothing is canonical', '#SS(0)', (a, _c) => {
    handler(a, 0x30, 'fault', 1)
    a.mov(rax, -notCanonical)
      .mov(mem64(place.tss + 36), rax)
      .int(0x30)
  })
  k.check('an IST past the end of the TSS', '#TS(28)', (a) => {
    handler(a, 0x30, 'fault', 7)
    a.mov(mem16(place.gdt + selector.tss), 0x50)
      .mov(al, 0x89)
      .mov(mem({ displacement: place.gdt + selector.tss + 5 }), al)
    a.mov(eax, selector.tss).ltr(ax).int(0x30)
  })
  k.check('a gate to 32-bit code', '#GP(58)', (a, c) => {
    c.descriptor(0, flat(segmentType.code))
    handler(a, 0x30, 'fault')
    a.mov(mem16(idtEntry(0x30) + 2), selector.free).int(0x30)
  })
  k.check('a 16-bit gate type', '#GP(182)', (a) => {
    handler(a, 0x30, 'fault', 0, 0x86)
    a.int(0x30)
  })
  k.check('a task gate type', '#GP(182)', (a) => {
    handler(a, 0x30, 'fault', 0, 0x85)
    a.int(0x30)
  })
  k.check('a gate that is not present', '#NP(182)', (a) => {
    handler(a, 0x30, 'fault', 0, 0x0e)
    a.int(0x30)
  })
  k.check('a gate of DPL 0 from CPL 3', '#GP(182)', (a, c) => {
    handler(a, 0x30, 'fault')
    c.user((u) => u.int(0x30))
  })
  k.check('a handler that is not canonical', '#GP(0)', (a) => {
    handler(a, 0x30, 'fault')
    a.mov(mem32(idtEntry(0x30) + 8), 0x8000).int(0x30)
  })
  k.check('an exception from CPL 3 takes RSP0 and a null SS', '#UD cs=1b ss=23', (_a, c) => c.user((u) => u.ud2()), [
    'cs',
    'ss',
  ])
  k.check('IRETQ with NT', '#GP(0)', (a) => a.push(0x4002).popfq().iretq())
  k.check('JMP to a TSS', '#GP(28)', (a) =>
    a
      .mov(mem32(place.scratch), 0)
      .mov(mem16(place.scratch + 4), selector.tss)
      .jmpf(mem48(place.scratch)),
  )
}

/** Segments, control registers and instructions of 64-bit code. */
function registers(k: KernelBuilder): void {
  k.check('SS may be null at CPL 0', 'ok', (a) => a.xor(eax, eax).mov(ss, ax))
  k.check('DS is not looked at', 'ok', (a) => a.xor(eax, eax).mov(ds, ax).mov(eax, mem32(place.scratch)))
  k.check('SWAPGS exchanges bases', 'ok 2000 1000', (a, c) => {
    wrmsr(a, msr.GS_BASE, 0x1000)
    wrmsr(a, msr.KERNEL_GS_BASE, 0x2000)
    a.swapgs().mov(ecx, msr.GS_BASE).rdmsr()
    c.value(rax)
    a.swapgs().mov(ecx, msr.GS_BASE).rdmsr()
    c.value(rax)
  })
  k.check('SWAPGS at CPL 3', '#GP(0)', (_a, c) => c.user((u) => u.swapgs()))
  const storedTable = (name: string, expected: string, at: number) =>
    k.check(name, expected, (a, c) => {
      a.mov(rax, cr0).or(eax, 0x4_0000).mov(cr0, rax).push(0x4_0002).popfq()
      c.user((u) => u.sgdt(mem(place.scratch + at)))
    })
  storedTable('SGDT with its base on a quadword', 'ok', 6)
  storedTable('SGDT with its base on a doubleword', 'ok', 2)
  storedTable('SGDT with its limit on a doubleword', '#AC(0)', 4)
  k.check('a null selector into FS clears its base', 'ok 0', (a, c) => {
    wrmsr(a, msr.FS_BASE, 0x1000)
    a.xor(eax, eax).mov(fs, ax).mov(ecx, msr.FS_BASE).rdmsr()
    c.value(rax)
  })
  k.check('EFER has bits that are reserved', '#GP(0)', (a) => a.mov(ecx, msr.EFER).rdmsr().bts(eax, 1).wrmsr())
  k.check('EFER.LME cannot be changed while paging is on', '#GP(0)', (a) =>
    a.mov(ecx, msr.EFER).rdmsr().btr(eax, 8).wrmsr(),
  )
  k.check('LTR of a base that is not canonical', '#GP(58)', (a, c) => {
    const at = c.descriptor(0, segment({ base: place.tss, limit: 0x67, type: segmentType.tss32, system: true }))
    c.descriptor(1, 0x8000n)
    a.mov(eax, at).ltr(ax)
  })
  k.check('CALL through a gate whose second half is not in the table', '#GP(58)', (a, c) => {
    c.descriptor(0, gate({ selector: selector.code, offset: place.image, type: 12 }))
    a.mov(mem32(place.scratch), 0)
      .mov(mem16(place.scratch + 4), selector.free)
      .lgdt(mem('short gdtr'))
    a.callf(mem48(place.scratch))
      .label('short gdtr')
      .dw(selector.free + 7)
      .dd(place.gdt, 0)
  })
  k.check('CR8 has four bits', '#GP(0)', (a) => a.mov(eax, 16).mov(cr8, rax))
  k.check('LAR knows the TSS and no 16-bit one', 'ok 8b00 0', (a, c) => {
    a.mov(eax, selector.tss).lar(ebx, ax)
    c.value(rbx)
    c.descriptor(0, segment({ type: segmentType.tss16, system: true }))
    a.mov(eax, selector.free).xor(ebx, ebx).lar(ebx, ax)
    c.value(rbx)
  })
  k.check('PUSH of a byte takes eight', 'ok 21fff8', (a, c) => {
    a.push(1).mov(rax, rsp)
    c.value(rax)
  })
  k.check('opcodes of 32-bit code alone', '#UD', (a) => a.bytes([0x06]))
  k.check('INTO is gone', '#UD', (a) => a.bytes([0xce]))
}

/** Compatibility mode. Source: SDM 3A §2.2, §5.2.1. */
function compatibility(k: KernelBuilder): void {
  const inCompatibility = (name: string, expected: string, act: (a: Asm) => unknown) =>
    k.check(name, expected, (a, c) => {
      const to = c.unique('narrow')
      c.descriptor(0, flat(segmentType.code))
      // where SYSCALL would go, if it went
      wrmsr(a, msr.CSTAR, place.scratch + 0x100).mov(mem16(place.scratch + 0x100), 0x0b0f)
      a.mov(mem32(place.scratch), label(to))
        .mov(mem32(place.scratch + 4), selector.free)
        .jmpf(mem48(place.scratch))
      a.bits(32).label(to)
      void act(a)
      a.jmpf(far(selector.code, `${to} back`))
        .bits(64)
        .label(`${to} back`)
    })
  inCompatibility('32-bit code runs', 'ok', (a) => a.inc(eax))
  inCompatibility('SYSCALL is not there', '#UD', (a) => a.bytes([0x0f, 0x05]))
  inCompatibility('addresses have 32 bits', 'ok', (a) =>
    a.mov(eax, -1).mov(ebx, mem32({ base: eax, displacement: 1 + place.scratch })),
  )
  inCompatibility('a task gate is not a way', '#GP(60)', (a) =>
    a
      .mov(mem32(place.gdt + 0x60), 0)
      .mov(mem32(place.gdt + 0x64), Number(gate({ selector: selector.tss, type: 5 }) >> 32n))
      .jmpf(far(0x60, 0)),
  )
  inCompatibility('IRET with NT', '#GP(0)', (a) => a.push(0x4002).popfd().iretd())
}

/** 64-bit mode. Source: SDM 3A chapters 5 and 6. */
export function longMode(): Kernel {
  const k = new KernelBuilder('longMode', 64)
  canonical(k)
  overTheEdge(k)
  delivery(k)
  refusedDelivery(k)
  systemCalls(k)
  steppedCalls(k)
  fastCalls(k)
  registers(k)
  compatibility(k)
  return k.finish()
}
void [bx, gs, r9, rdx]
