import { al, cr8, eax, ebx, ecx, edx, esi, mem32, r15d, rax, rbx, rcx, rsp } from '@vmm/x86-assembler'
import {
  apic,
  CURRENT,
  counter,
  DIVIDE,
  EOI,
  enable,
  endOfInterrupt,
  gateTo,
  ICR,
  INITIAL,
  IRR,
  ISR,
  LVT_TIMER,
  out,
  shown,
  startPics,
  TPR,
  waitFor,
} from '../kernel/interrupting.ts'
import { type CheckBuilder, type Kernel, KernelBuilder } from '../kernel/kernel.ts'
import { place } from '../kernel/places.ts'

type Asm = CheckBuilder['a']

const vector = 0x41

/** An interrupt to oneself. */
const self = (a: Asm, at: number): Asm => a.mov(apic(ICR), 0x4_0000 | at)

function localApic(k: KernelBuilder): void {
  k.check('an interrupt to oneself', 'ok 1', (a, c) => {
    gateTo(a, c, vector, endOfInterrupt)
    self(enable(a), vector).sti()
    waitFor(a, c, 1)
    shown(a.cli(), c)
  })
  k.check('it waits while IF is clear, in IRR', 'ok 0 2', (a, c) => {
    gateTo(a, c, vector, endOfInterrupt)
    self(enable(a), vector)
    shown(a, c)
    a.mov(eax, apic(IRR + 0x20))
    c.value(rax)
    a.sti().nop().nop().cli()
  })
  k.check('STI holds it off for one instruction', 'ok 0 1', (a, c) => {
    gateTo(a, c, vector, endOfInterrupt)
    self(enable(a), vector).nop().nop().sti().mov(eax, mem32(counter)).nop().cli()
    c.value(rax)
    shown(a, c)
  })
  k.check('in service it is in ISR, and its class is kept off', 'ok 2 0', (a, c) => {
    const seen = place.scratch + 8
    gateTo(a, c, vector, (h) =>
      h
        .mov(eax, apic(ISR + 0x20))
        .mov(mem32(seen), eax)
        .mov(apic(EOI), 0),
    )
    self(enable(a), vector).sti()
    waitFor(a, c, 1)
    a.cli().mov(eax, mem32(seen))
    c.value(rax)
    a.mov(eax, apic(ISR + 0x20))
    c.value(rax)
  })
}

/** Who comes first. Source: SDM 3A §11.8.3. */
function priorities(k: KernelBuilder): void {
  k.check('the task priority keeps lower classes off', 'ok 0 1', (a, c) => {
    gateTo(a, c, vector, endOfInterrupt)
    enable(a).mov(eax, 4).mov(cr8, rax)
    self(a, vector).sti().nop().nop()
    shown(a, c)
    a.xor(eax, eax).mov(cr8, rax)
    waitFor(a, c, 1)
    shown(a.cli(), c)
  })
  k.check('CR8 is the upper half of TPR', 'ok 50 3', (a, c) => {
    enable(a).mov(eax, 5).mov(cr8, rax).mov(eax, apic(TPR))
    c.value(rax)
    a.mov(apic(TPR), 0x30).mov(rax, cr8)
    c.value(rax)
    a.mov(apic(TPR), 0)
  })
  k.check('the higher of two comes first', 'ok 51', (a, c) => {
    const first = place.scratch + 8
    const note = (at: number) => (h: Asm) => {
      const later = c.unique('later')
      h.cmp(mem32(first), 0).jne(later).mov(mem32(first), at).label(later).mov(apic(EOI), 0)
    }
    a.mov(mem32(first), 0)
    gateTo(a, c, 0x41, note(0x41))
    gateTo(a, c, 0x51, note(0x51))
    self(enable(a), 0x41)
    self(a, 0x51).sti()
    waitFor(a, c, 2)
    a.cli().mov(eax, mem32(first))
    c.value(rax)
  })
}

/** The local APIC's timer. Source: SDM 3A §11.5.4. */
function timer(k: KernelBuilder): void {
  k.check('the timer, once', 'ok 1 0', (a, c) => {
    gateTo(a, c, vector, endOfInterrupt)
    enable(a).mov(apic(DIVIDE), 0xb).mov(apic(LVT_TIMER), vector).mov(apic(INITIAL), 1000).sti()
    waitFor(a, c, 1)
    shown(a.cli(), c)
    a.mov(eax, apic(CURRENT))
    c.value(rax)
  })
  k.check('the timer, again and again', 'ok 3', (a, c) => {
    gateTo(a, c, vector, endOfInterrupt)
    enable(a)
      .mov(apic(DIVIDE), 0xb)
      .mov(apic(LVT_TIMER), 0x2_0000 | vector)
      .mov(apic(INITIAL), 20_000)
      .sti()
    waitFor(a, c, 3)
    a.cli().mov(apic(INITIAL), 0).mov(apic(LVT_TIMER), 0x1_0000).mov(eax, 3)
    c.value(rax)
  })
  k.check('RF is set in the image of an interrupt between two rounds of REP', 'ok 1 1 0', (a, c) => {
    const image = place.scratch + 8
    gateTo(a, c, vector, (h) =>
      h
        .mov(eax, mem32({ base: rsp, displacement: 0x18 }))
        .shr(eax, 16)
        .mov(mem32(image), eax)
        .mov(apic(EOI), 0),
    )
    a.mov(mem32(image), 0).mov(esi, place.image).mov(ecx, 0x10_0000)
    enable(a).mov(apic(DIVIDE), 0xb).mov(apic(LVT_TIMER), vector).mov(apic(INITIAL), 1000).sti().rep().lodsb().cli()
    shown(a, c)
    a.mov(eax, mem32(image))
    c.value(rax)
    c.value(rcx)
  })
}

/** HLT and MWAIT. Source: SDM 2B, MWAIT. */
function waiting(k: KernelBuilder): void {
  k.check('HLT ends with an interrupt', 'ok 1', (a, c) => {
    gateTo(a, c, vector, endOfInterrupt)
    enable(a).mov(apic(DIVIDE), 0xb).mov(apic(LVT_TIMER), vector).mov(apic(INITIAL), 20_000).sti().hlt()
    shown(a.cli(), c)
  })
  k.check('MWAIT ends with an interrupt', 'ok 1', (a, c) => {
    gateTo(a, c, vector, endOfInterrupt)
    enable(a).mov(apic(DIVIDE), 0xb).mov(apic(LVT_TIMER), vector).mov(apic(INITIAL), 20_000)
    // it may end for reasons of its own, too: whoever waits looks, and waits again
    const [again, over] = [c.unique('again'), c.unique('over')]
    a.mov(ebx, 1_000_000).xor(ecx, ecx).xor(edx, edx)
    a.label(again).cli().cmp(mem32(counter), 0).jne(over)
    a.mov(eax, place.scratch + 0x100)
      .monitor()
      .xor(eax, eax)
      .sti()
      .mwait()
      .dec(ebx)
      .jne(again)
      .label(over)
    shown(a.cli(), c)
  })
  k.check('MWAIT with an extension that nobody knows', '#GP(0)', (a) => a.xor(eax, eax).mov(ecx, 2).mwait())
  k.check('MONITOR above CPL 0', '#UD', (_a, c) =>
    c.user((u) => u.mov(eax, place.scratch).xor(ecx, ecx).xor(edx, edx).monitor()),
  )
}

/** NMIs. Source: SDM 3A §6.7. */
function nmi(k: KernelBuilder): void {
  k.check('an NMI to oneself does not ask IF', 'ok 1', (a, c) => {
    gateTo(a, c, 2, () => {})
    enable(a).mov(apic(ICR), 0x4400)
    waitFor(a, c, 1)
    shown(a, c)
  })
  k.check('an NMI waits until IRET from the one before', 'ok 1 2', (a, c) => {
    const during = place.scratch + 8
    gateTo(a, c, 2, (h) => {
      const second = c.unique('second')
      h.cmp(mem32(counter), 1).jne(second).mov(apic(ICR), 0x4400).nop().nop().nop().mov(eax, mem32(counter))
      h.mov(mem32(during), eax).label(second)
    })
    enable(a).mov(apic(ICR), 0x4400)
    waitFor(a, c, 2)
    a.mov(eax, mem32(during))
    c.value(rax)
    shown(a, c)
  })
}

/** The interrupt controllers and the timer of the PC. */
function pic(k: KernelBuilder): void {
  k.check('masks of the PIC read back', 'ok a5', (a, c) => {
    out(a, 0x21, 0xa5).in(al, 0x21).movzx(ebx, al)
    c.value(rbx)
    out(a, 0x21, 0xff)
  })
  k.check('the PIT interrupts through the PIC', 'ok 1', (a, c) => {
    gateTo(a, c, 0x30, (h) => h.mov(al, 0xff).out(0x21, al).mov(al, 0x20).out(0x20, al))
    // LINT0 as firmware leaves it: ExtINT
    enable(a).mov(apic(0x350), 0x700)
    startPics(a, 0xfe, 0xff)
    out(a, 0x43, 0x34)
    out(a, 0x40, 0)
    out(a, 0x40, 0x10).sti()
    waitFor(a, c, 1)
    shown(a.cli(), c)
  })
}

/** Interrupts: the local APIC by its own doing, NMIs, PIC and PIT. Source: SDM 3A chapters 6 and 11. */
export function interrupts(): Kernel {
  const k = new KernelBuilder('interrupts', 64, { last: (a) => void a.mov(r15d, 0xfee0_0000) })
  localApic(k)
  priorities(k)
  timer(k)
  waiting(k)
  nmi(k)
  pic(k)
  return k.finish()
}
