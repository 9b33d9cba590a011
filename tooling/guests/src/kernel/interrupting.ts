import { type Assembler, al, eax, ecx, label, mem16, mem32, r15, rax } from '@vmm/x86-assembler'
import type { CheckBuilder } from './kernel.ts'
import { place, selector } from './places.ts'

type Asm = Assembler

/** Local APIC registers; R15 holds their address throughout. Source: SDM 3A §11.4.1, Table 11-1. */
export const apic = (offset: number) => mem32({ base: r15, displacement: offset })
export const [TPR, EOI, ISR, IRR, ICR, LVT_TIMER, INITIAL, CURRENT, DIVIDE] = [
  0x80, 0xb0, 0x100, 0x200, 0x300, 0x320, 0x380, 0x390, 0x3e0,
] as const
const SPIV = 0xf0
/** Counts what `gateTo` makes handlers of. */
export const counter = place.scratch

/** A handler that counts, does something and returns. */
export function gateTo(a: Asm, c: CheckBuilder, at: number, end: (a: Asm) => unknown): void {
  const [name, over] = [c.unique('handler'), c.unique('over')]
  const entry = place.idt + at * 16
  a.mov(eax, label(name))
    .mov(mem32(entry + 4), eax)
    .mov(mem16(entry + 4), 0x8e00)
  a.mov(mem32(entry), eax)
    .mov(mem16(entry + 2), selector.code)
    .mov(mem32(entry + 8), 0)
  a.jmp(over).label(name).push(rax).inc(mem32(counter))
  void end(a)
  a.pop(rax).iretq().label(over).mov(mem32(counter), 0)
}

export const endOfInterrupt = (a: Asm): Asm => a.mov(apic(EOI), 0)
/** The local APIC is on, and its timer is not. */
export const enable = (a: Asm): Asm => a.mov(apic(SPIV), 0x1ff).mov(apic(TPR), 0).mov(apic(LVT_TIMER), 0x1_0000)
/** Waits, but not for ever, until the counter has a value. */
export function waitFor(a: Asm, c: CheckBuilder, value: number): void {
  const [again, done] = [c.unique('again'), c.unique('done')]
  a.mov(ecx, 20_000_000).label(again).cmp(mem32(counter), value).jae(done).dec(ecx).jne(again).label(done)
}
/** Prints the counter. */
export const shown = (a: Asm, c: CheckBuilder): void => {
  a.mov(eax, mem32(counter))
  c.value(rax)
}

/** Writes a port. */
export const out = (a: Asm, port: number, value: number): Asm => a.mov(al, value).out(port, al)

/** Vectors 30H and 38H on for the PICs, and which of their lines are masked. */
export function startPics(a: Asm, mask: number, slaveMask: number): void {
  for (const [port, value] of [
    [0x20, 0x11],
    [0x21, 0x30],
    [0x21, 4],
    [0x21, 1],
    [0x21, mask],
    [0xa0, 0x11],
    [0xa1, 0x38],
    [0xa1, 2],
    [0xa1, 1],
    [0xa1, slaveMask],
  ] as const)
    out(a, port, value)
}
