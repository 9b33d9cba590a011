import { ax, cr0, eax, mem16, r15d, rax, st0, st1 } from '@vmm/x86-assembler'
import { apic, enable, gateTo, out, shown, startPics } from '../kernel/interrupting.ts'
import { type CheckBuilder, type Kernel, KernelBuilder } from '../kernel/kernel.ts'
import { place } from '../kernel/places.ts'

type Asm = CheckBuilder['a']

const [LINT0, EXTINT] = [0x350, 0x700]
/** Line 13 of the PICs. */
const vector = 0x3d
const zeroDivideUnmasked = 0x37b

/** A division by zero, which is an error: with CR0.NE or without. */
function divide(a: Asm, ne: 0 | 0x20): Asm {
  a.mov(rax, cr0).and(eax, ~0x20).or(eax, ne).mov(cr0, rax)
  a.mov(mem16(place.scratch + 8), zeroDivideUnmasked)
    .fninit()
    .fldcw(mem16(place.scratch + 8))
  return a.fld1().fldz().fdivp(st1, st0)
}

/** Line 13 leads to a handler that acknowledges at the coprocessor and the PICs, and does something about the error. */
function lineLeadsTo(a: Asm, c: CheckBuilder, settle: (a: Asm) => unknown): void {
  gateTo(a, c, vector, (h) => {
    out(h, 0xf0, 0)
    void settle(h)
    out(h, 0xa0, 0x20)
    out(h, 0x20, 0x20)
  })
  enable(a).mov(apic(LINT0), EXTINT)
  startPics(a, 0xfb, 0xdf)
}

/** Errors of the x87, as exceptions and as interrupts of a PC. Source: SDM 1 §8.7. */
export function numericErrors(): Kernel {
  const k = new KernelBuilder('numericErrors', 64, { last: (a) => void a.mov(r15d, 0xfee0_0000) })
  k.check('with CR0.NE the next instruction that waits is #MF', '#MF', (a) => divide(a, 0x20).fnstsw(ax).fwait())
  k.check('without CR0.NE it is line 13', 'ok 1', (a, c) => {
    lineLeadsTo(a, c, (h) => h.fnclex())
    divide(a, 0).sti().nop().fwait().fwait()
    shown(a.cli(), c)
    out(a, 0x21, 0xff)
  })
  k.check('a handler that has told the coprocessor may leave the error there', 'ok 1', (a, c) => {
    lineLeadsTo(a, c, () => {})
    divide(a, 0).sti().nop().fwait().fwait().fnclex()
    shown(a.cli(), c)
    out(a, 0x21, 0xff)
  })
  k.check('an error that is masked is none', 'ok', (a) =>
    divide(a.fninit(), 0).fnclex().fninit().fld1().fldz().fdivp(st1, st0).fwait(),
  )
  k.check('what does not wait is not held up', 'ok 8080', (a, c) => {
    lineLeadsTo(a, c, () => {})
    divide(a, 0).fnstsw(ax).fnclex().and(eax, 0x8080)
    c.value(rax)
  })
  return k.finish()
}
