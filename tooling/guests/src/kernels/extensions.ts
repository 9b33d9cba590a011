import { ax, cr4, eax, ecx, edx, mem, mem8, mem32, r15, rax, rcx } from '@vmm/x86-assembler'
import { type CheckBuilder, type Kernel, KernelBuilder } from '../kernel/kernel.ts'
import { place } from '../kernel/places.ts'

type Asm = CheckBuilder['a']

/** Bits of CR4. Source: SDM 3A §2.5. */
const bit = { UMIP: 1 << 11, FSGSBASE: 1 << 16, OSXSAVE: 1 << 18, PKE: 1 << 22 } as const
const turnOn = (a: Asm, bits: number): Asm => a.mov(rax, cr4).or(eax, bits).mov(cr4, rax)
/** EDX:EAX for the XSAVE family. */
const ask = (a: Asm, components: number): Asm => a.mov(eax, components).xor(edx, edx)
/** An XSAVE area whose header is zero, at R15, with x87 and SSE enabled. */
function area(a: Asm): Asm {
  turnOn(a, bit.OSXSAVE).xor(ecx, ecx)
  ask(a, 3).xsetbv()
  for (let at = 0; at < 64; at += 4) a.mov(mem32(place.scratch + header + at), 0)
  return a.mov(mem32(place.scratch + mxcsr), 0x1f80).mov(r15, place.scratch)
}
const [mxcsr, header] = [24, 512]
const atArea = mem8({ base: r15 })
const word = (offset: number) => mem32(place.scratch + offset)

/** XCR0, and areas in the standard and the compacted format. Source: SDM 1 §13.3 to §13.10. */
function extendedStates(k: KernelBuilder): void {
  k.check('XGETBV without CR4.OSXSAVE', '#UD', (a) => a.xor(ecx, ecx).xgetbv())
  k.check('XCR0 is as it was set', 'ok 3', (a, c) => {
    area(a).xor(ecx, ecx).xgetbv()
    c.value(rax)
  })
  k.check('XCR0 without x87', '#GP(0)', (a) => ask(area(a), 2).xsetbv())
  k.check('XCR0 with AVX and without SSE', '#GP(0)', (a) => ask(area(a), 5).xsetbv())
  k.check('there are two extended control registers to read', '#GP(0)', (a) => area(a).mov(ecx, 2).xgetbv())
  k.check('XSAVE notes what it was asked for and is in use', 'ok 1', (a, c) => {
    ask(area(a).fninit().fld1(), 1).xsave(atArea).mov(eax, word(header))
    c.value(rax)
  })
  k.check('XSAVE leaves the bits of what it was not asked for', 'ok 3', (a, c) => {
    area(a).mov(word(header), 2).fninit().fld1()
    ask(a, 1).xsave(atArea).mov(eax, word(header))
    c.value(rax)
  })
  k.check('XSAVEC notes its format', 'ok 1 80000000', (a, c) => {
    ask(area(a).fninit().fld1(), 1).xsavec(atArea).mov(eax, word(header))
    c.value(rax)
    a.mov(eax, word(header + 12))
    c.value(rax)
  })
  k.check('an area that is not aligned', '#GP(0)', (a) => ask(area(a), 1).inc(r15).xsave(atArea))
  restoring(k)
}

function restoring(k: KernelBuilder): void {
  const refused = (name: string, at: number, value: number, components = 1) =>
    k.check(name, '#GP(0)', (a) => ask(area(a).mov(word(at), value), components).xrstor(atArea))
  refused('XRSTOR of what is not enabled', header, 4)
  refused('XRSTOR with byte 8 of the header', header + 8, 1)
  refused('XRSTOR with byte 16 of the header', header + 16, 1)
  refused('XRSTOR of a reserved bit of MXCSR', mxcsr, 0x1_0000, 2)
  k.check('XRSTOR does not look at byte 24 of the header', 'ok', (a) =>
    ask(area(a).mov(word(header + 24), 1), 1).xrstor(atArea),
  )
  k.check('XRSTOR does not look at MXCSR unless asked for SSE', 'ok', (a) =>
    ask(area(a).mov(word(mxcsr), 0x1_0000), 1).xrstor(atArea),
  )
  k.check('XRSTOR initializes what the area does not have', 'ok 0', (a, c) => {
    area(a).fninit().fld1()
    ask(a, 1).xrstor(atArea).xor(eax, eax).fnstsw(ax)
    c.value(rax)
  })
}

/** Instructions that a bit of CR4 opens or closes. */
function guardedByControl(k: KernelBuilder): void {
  const closed = (name: string, act: (u: Asm) => unknown) =>
    k.check(`${name} at CPL 3 with UMIP`, '#GP(0)', (a, c) => {
      turnOn(a, bit.UMIP)
      c.user(act)
    })
  closed('SGDT', (u) => u.sgdt(mem(place.scratch)))
  closed('SIDT', (u) => u.sidt(mem(place.scratch)))
  closed('SLDT', (u) => u.sldt(eax))
  closed('STR', (u) => u.str(eax))
  closed('SMSW', (u) => u.smsw(eax))
  k.check('SMSW at CPL 0 with UMIP', 'ok', (a) => turnOn(a, bit.UMIP).smsw(eax))
  k.check('RDFSBASE without CR4.FSGSBASE', '#UD', (a) => a.rdfsbase(rax))
  k.check('WRFSBASE and RDFSBASE at CPL 3', 'ok 1234567890', (a, c) => {
    turnOn(a, bit.FSGSBASE)
    c.user((u) => {
      u.mov(rcx, 0x12_3456_7890n).wrfsbase(rcx).xor(eax, eax).rdfsbase(rax)
      c.value(rax)
    })
    a.xor(ecx, ecx).wrfsbase(rcx)
  })
  k.check('WRGSBASE of an address that is not canonical', '#GP(0)', (a) =>
    turnOn(a, bit.FSGSBASE).mov(rcx, 0x8000_0000_0000n).wrgsbase(rcx),
  )
  k.check('RDPKRU without CR4.PKE', '#UD', (a) => a.xor(ecx, ecx).rdpkru())
  k.check('RDPKRU with ECX', '#GP(0)', (a) => turnOn(a, bit.PKE).mov(ecx, 1).rdpkru())
  k.check('WRPKRU with EDX', '#GP(0)', (a) => turnOn(a, bit.PKE).xor(eax, eax).xor(ecx, ecx).mov(edx, 1).wrpkru())
}

/** INVPCID: its type in RAX, the descriptor at R15. Source: SDM 2A, INVPCID. */
function invalidations(k: KernelBuilder): void {
  const invpcid = (
    name: string,
    expected: string,
    type: number,
    [pcid, low, high]: readonly [number, number, number],
  ) =>
    k.check(name, expected, (a) => {
      a.mov(word(0), pcid).mov(word(4), 0).mov(word(8), low).mov(word(12), high)
      a.mov(eax, type)
        .mov(r15, place.scratch)
        .invpcid(rax, mem({ base: r15 }))
    })
  invpcid('INVPCID of everything', 'ok', 2, [0, 0, 0])
  invpcid('INVPCID of a type that nobody knows', '#GP(0)', 4, [0, 0, 0])
  invpcid('INVPCID with a reserved bit', '#GP(0)', 3, [0x1000, 0, 0])
  invpcid('INVPCID of an address that is not canonical', '#GP(0)', 0, [0, 0, 0x8000])
  invpcid('INVPCID of a context, whatever the address', 'ok', 1, [0, 0, 0x8000])
  invpcid('INVPCID of a PCID without CR4.PCIDE', '#GP(0)', 1, [1, 0, 0])
}

/** What came to the architecture after 64-bit code. */
export function extensions(): Kernel {
  const k = new KernelBuilder('extensions', 64)
  extendedStates(k)
  guardedByControl(k)
  invalidations(k)
  return k.finish()
}
