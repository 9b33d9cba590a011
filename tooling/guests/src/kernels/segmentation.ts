import {
  al,
  ax,
  bl,
  bx,
  cs,
  cx,
  ds,
  eax,
  ebp,
  ebx,
  ecx,
  es,
  esp,
  far,
  fs,
  gs,
  label,
  mem,
  mem8,
  mem16,
  mem32,
  mem48,
  ss,
} from '@vmm/x86-assembler'
import { flat, gate, segment, segmentType } from '../kernel/descriptor.ts'
import { type CheckBuilder, type Kernel, KernelBuilder } from '../kernel/kernel.ts'
import { place, selector } from '../kernel/places.ts'

type Asm = CheckBuilder['a']

const { code, data, readOnly, expandDown, executeOnly, conforming } = segmentType
/** A segment over the scratch page. */
const overScratch = (type: number, limit: number, more: object = {}) =>
  segment({ base: place.scratch, type: type | 1, limit, big: true, ...more })
const free = (index: number) => selector.free + index * 8

/** Limits and types of data segments. Source: SDM 3A §5.3, §5.5. */
function dataSegments(k: KernelBuilder): void {
  const access = (name: string, expected: string, descriptor: bigint, act: (a: Asm) => unknown) =>
    k.check(name, expected, (a, c) => {
      a.mov(ebx, c.descriptor(0, descriptor)).mov(es, bx)
      void act(a)
    })
  const at = (offset: number) => ({ displacement: offset, segment: es })
  access('the last byte within the limit', 'ok', overScratch(data, 0xff), (a) => a.mov(al, mem8(at(0xff))))
  access('the first byte past the limit', '#GP(0)', overScratch(data, 0xff), (a) => a.mov(al, mem8(at(0x100))))
  access('a doubleword that ends past the limit', '#GP(0)', overScratch(data, 0xff), (a) => a.mov(eax, mem32(at(0xfd))))
  access('a doubleword that wraps at 4 GiB', '#GP(0)', overScratch(data, 0xff), (a) =>
    a.mov(eax, mem32(at(0xffff_fffe))),
  )
  access('a store to a read-only segment', '#GP(0)', overScratch(readOnly, 0xff), (a) => a.mov(mem8(at(0)), al))
  access('a store to a code segment', '#GP(0)', overScratch(code, 0xff), (a) => a.mov(mem8(at(0)), al))
  access('a load from a readable code segment', 'ok', overScratch(code, 0xff), (a) => a.mov(al, mem8(at(0))))
  access('expand-down: a byte at its limit', '#GP(0)', overScratch(expandDown, 0xff), (a) => a.mov(al, mem8(at(0xff))))
  access('expand-down: a byte above its limit', 'ok', overScratch(expandDown, 0xff), (a) => a.mov(al, mem8(at(0x100))))
  access('expand-down of 64 KiB: its last byte', 'ok', overScratch(expandDown, 0xff, { big: false }), (a) =>
    a.mov(al, mem8(at(0xffff))),
  )
  access('expand-down of 64 KiB: past its last byte', '#GP(0)', overScratch(expandDown, 0xff, { big: false }), (a) =>
    a.mov(al, mem8(at(0x1_0000))),
  )
  k.check('past the limit of SS', '#SS(0)', (a, c) => {
    a.mov(ebx, c.descriptor(0, segment({ type: data | 1, limit: 0x24f, granular: true, big: true })))
    a.mov(ebx, free(0))
      .mov(ss, bx)
      .mov(ebp, 0x25_0000)
      .mov(al, mem8({ base: ebp }))
  })
  k.check('a push past the limit of SS', '#SS(0)', (_a, c) => {
    // at CPL 3: the handler must have a stack
    c.descriptor(1, segment({ base: place.userStack, type: data | 1, limit: 0xff, big: true, dpl: 3 }))
    c.user((u) =>
      u
        .mov(eax, free(1) | 3)
        .mov(ss, ax)
        .mov(esp, 0x200)
        .push(eax),
    )
  })
}

/** Which selectors may be loaded. Source: SDM 2B, MOV, Operation; SDM 3A §5.6. */
function loading(k: KernelBuilder): void {
  const load = (name: string, expected: string, descriptor: bigint, into: typeof ds, rpl = 0) =>
    k.check(name, expected, (a, c) => a.mov(eax, c.descriptor(0, descriptor) | rpl).mov(into, ax))
  load('DS takes no execute-only code', '#GP(58)', flat(executeOnly), ds)
  load('DS takes conforming code', 'ok', flat(conforming), ds)
  load('DS takes no system segment', '#GP(58)', segment({ type: 2, system: true }), ds)
  load('DS takes nothing that is not present', '#NP(58)', flat(data, { present: false }), ds)
  load('DS with an RPL above the DPL', '#GP(58)', flat(data), ds, 3)
  load('SS takes no read-only data', '#GP(58)', flat(readOnly), ss)
  load('SS takes no code', '#GP(58)', flat(code), ss)
  load('SS takes nothing that is not present', '#SS(58)', flat(data, { present: false }), ss)
  load('SS of another level', '#GP(58)', flat(data, { dpl: 3 }), ss)
  load('SS with another RPL', '#GP(58)', flat(data), ss, 1)
  k.check('a selector of an LDT that is not there', '#GP(4)', (a) => a.mov(eax, 4).mov(ds, ax))
  k.check('a selector of the LDT', 'ok', (a, c) => {
    c.descriptor(0, segment({ base: place.ldt, limit: 15, type: segmentType.ldt, system: true }))
    c.put(place.ldt + 8, flat(data))
    a.mov(eax, free(0)).lldt(ax).mov(eax, 12).mov(ds, ax)
  })
  k.check('a selector past the LDT', '#GP(14)', (a, c) => {
    c.descriptor(0, segment({ base: place.ldt, limit: 15, type: segmentType.ldt, system: true }))
    a.mov(eax, free(0)).lldt(ax).mov(eax, 0x14).mov(ds, ax)
  })
  k.check('loading sets the accessed bit', 'ok 92 93', (a, c) => {
    c.descriptor(0, flat(data) & ~(1n << 40n))
    a.movzx(ebx, mem8(place.gdt + free(0) + 5))
      .mov(eax, free(0))
      .mov(gs, ax)
      .movzx(ecx, mem8(place.gdt + free(0) + 5))
    c.value(ebx)
    c.value(ecx)
  })
  k.check(
    'LES loads nothing if the selector is bad',
    '#GP(58) ebx=7',
    (a, c) => {
      c.descriptor(0, flat(executeOnly))
      a.mov(mem32(place.scratch), 0x1234)
        .mov(mem16(place.scratch + 4), free(0))
        .mov(ebx, 7)
        .les(ebx, mem48(place.scratch))
    },
    ['ebx'],
  )
  k.check('BOUND', '#BR', (a) =>
    a
      .mov(mem32(place.scratch), 1)
      .mov(mem32(place.scratch + 4), 3)
      .mov(eax, 4)
      .bound(eax, mem(place.scratch)),
  )
}

/** Code segments: limits, levels, conforming. Source: SDM 3A §5.8.1. */
function codeSegments(k: KernelBuilder): void {
  const jump = (name: string, expected: string, descriptor: bigint, rpl = 0) =>
    k.check(name, expected, (a, c) => {
      const to = c.unique('to')
      c.descriptor(0, descriptor)
      a.jmpf(far(free(0) | rpl, to))
        .label(to)
        .mov(eax, cs)
      c.value(eax)
      a.jmpf(far(selector.code, `${to} back`)).label(`${to} back`)
    })
  jump('JMP to a code segment', 'ok 58', flat(code))
  jump('JMP with an RPL above CPL', '#GP(58) 0', flat(code), 3)
  jump('JMP to code of an outer level', '#GP(58) 0', flat(code, { dpl: 3 }))
  jump('JMP to conforming code of an outer level', '#GP(58) 0', flat(conforming, { dpl: 3 }))
  jump('JMP to code that is not present', '#NP(58) 0', flat(code, { present: false }))
  jump('JMP to data', '#GP(58) 0', flat(data))
  jump('JMP past the limit', '#GP(0) 0', segment({ type: code | 1, limit: 0xfff, big: true }))
  k.check(
    'JMP from CPL 3 to conforming code of CPL 0 keeps CPL',
    '#GP(0) cs=5b',
    (_a, c) => {
      c.descriptor(0, flat(conforming))
      c.user((u) => {
        const to = c.unique('to')
        u.jmpf(far(free(0), to))
          .label(to)
          .hlt()
      })
    },
    ['cs'],
  )
}

/** Code that comes to the end of its segment. Source: SDM 3A §5.3. */
function codeLimits(k: KernelBuilder): void {
  /** Code at offsets that end near 0xff, a double word each, entered where the first one begins. */
  const runs = (name: string, expected: string, [first, ...more]: readonly [Words, ...Words[]], entry = first[0]) =>
    k.check(
      name,
      expected,
      (a, c) => {
        for (const [offset, words] of [first, ...more]) a.mov(mem32(place.scratch + offset), words)
        c.descriptor(0, overScratch(code, 0xff))
        a.jmpf(far(free(0), entry))
      },
      ['eip'],
    )
  const nops: Words = [0xfc, 0x9090_9090]
  runs('running off the end of a code segment', '#GP(0) eip=100', [nops, [0x100, 0x0b0f]], 0xfd)
  const long: Words = [0xfe, 0x1234_00b8]
  runs('an instruction that ends past its code segment', '#GP(0) eip=fe', [long, [0x102, 0x000b_0f00]])
  runs('a near jump past the limit', '#GP(0) eip=f0', [
    [0xf0, 0x7feb],
    [0x171, 0x0b0f],
  ])
}

/** A double word of code and its offset. */
type Words = readonly [offset: number, words: number]

/** Makes the first free descriptor a call gate of DPL 3 to a label, with two parameters. */
function gateTo(a: Asm, to: string): void {
  a.mov(eax, to)
    .mov(mem16(place.gdt + free(0)), ax)
    .shr(eax, 16)
    .mov(mem16(place.gdt + free(0) + 6), ax)
  a.mov(mem16(place.gdt + free(0) + 2), selector.code).mov(mem16(place.gdt + free(0) + 4), 0xec02)
}

/** Call gates. Source: SDM 3A §5.8.3 to §5.8.6. */
function callGates(k: KernelBuilder): void {
  k.check('a call gate copies parameters to the inner stack', 'ok 1b 11 22 240000 23 22ffe8', (a, c) => {
    const to = c.unique('inner')
    gateTo(a, to)
    c.user((u) =>
      u
        .push(0x11)
        .push(0x22)
        .mov(ebx, esp)
        .callf(far(free(0), 0)),
    )
    a.label(to)
    for (const at of [4, 12, 8, 16, 20]) {
      a.mov(eax, mem32({ base: esp, displacement: at }))
      if (at === 16) a.add(eax, 8)
      c.value(eax)
    }
    a.mov(eax, esp)
    c.value(eax)
  })
  k.check('RETF from a call gate drops parameters on both stacks', 'ok 23fff8 240000', (a, c) => {
    const to = c.unique('inner')
    gateTo(a, to)
    c.user((u) => {
      u.push(0x11)
        .push(0x22)
        .mov(ebx, esp)
        .callf(far(free(0), 0))
        .mov(ecx, esp)
      c.value(ebx)
      c.value(ecx)
    })
    a.label(to).retf(8)
  })
}

const open = { type: segmentType.callGate32, dpl: 3 } as const

/** Call gates that let nobody through. Source: SDM 3A §5.8.4. */
function refusedGates(k: KernelBuilder): void {
  const through = (name: string, expected: string, descriptor: bigint) =>
    k.check(name, expected, (a, c) => {
      // whoever passes the limit finds UD2
      a.mov(mem16(place.low + 0x1_0000), 0x0b0f)
      c.descriptor(0, descriptor)
      c.user((u) => u.callf(far(free(0) | 3, 0)))
    })
  through('a call gate of DPL 0 from CPL 3', '#GP(58)', gate({ selector: selector.code, type: open.type }))
  through('a call gate that is not present', '#NP(58)', gate({ ...open, selector: selector.code, present: false }))
  through('a call gate to data', '#GP(10)', gate({ ...open, selector: selector.data }))
  through('a call gate to nothing', '#GP(0)', gate({ ...open, selector: 0 }))
  through(
    'a call gate past the end of its code',
    '#GP(0)',
    gate({ ...open, selector: selector.code16, offset: 0x1_0000 }),
  )
}

/** Stacks of an inner level that cannot be had. Source: SDM 3A §5.8.5. */
function innerStacks(k: KernelBuilder): void {
  const stack = (name: string, expected: string, ss0: number, made?: bigint) =>
    k.check(name, expected, (a, c) => {
      if (made !== undefined) c.descriptor(1, made)
      a.mov(mem32(place.tss + 12), 0x100).mov(mem32(place.tss + 16), ss0)
      a.mov(mem16(place.scratch), 0x0b0f)
      c.descriptor(0, gate({ ...open, selector: free(2), offset: place.scratch }))
      c.descriptor(2, flat(code, { dpl: 1 }))
      c.user((u) => u.callf(far(free(0) | 3, 0)))
    })
  stack('an inner stack that is null', '#TS(0)', 0)
  stack('an inner stack of another level', '#TS(10)', selector.data | 1)
  stack('an inner stack with another RPL', '#TS(60)', free(1), flat(data, { dpl: 1 }))
  stack('an inner stack that is read-only', '#TS(60)', free(1) | 1, flat(readOnly, { dpl: 1 }))
  stack('an inner stack that is not present', '#SS(60)', free(1) | 1, flat(data, { dpl: 1, present: false }))
  stack(
    'an inner stack without room',
    '#SS(60)',
    free(1) | 1,
    segment({ type: data | 1, dpl: 1, limit: 0xf, big: true }),
  )
}

/** Returning to an outer level, and instructions that ask about selectors. */
function returning(k: KernelBuilder): void {
  k.check('RETF to CPL 3 makes inner data segments null', 'ok 0 23', (a, c) => {
    const to = c.unique('outer')
    a.mov(eax, selector.data).mov(fs, ax).mov(eax, selector.userData).mov(gs, ax)
    a.push(selector.userData).push(place.userStack).push(selector.userCode).push(label(to)).retf().label(to)
    a.mov(eax, fs).mov(ebx, gs).mov(ecx, selector.userData).mov(ds, cx)
    c.value(eax)
    c.value(ebx)
    a.int(0x20)
  })
  k.check('RETF looks at the outer stack before the offset', '#GP(1000)', (a, c) => {
    const at = c.descriptor(0, segment({ limit: 0xfff, type: code, dpl: 3 }))
    a.push(0x1003)
      .push(place.userStack)
      .push(at | 3)
      .push(0x5000)
      .retf()
  })
  k.check('IRET looks at the outer stack before the offset', '#GP(1000)', (a, c) => {
    const at = c.descriptor(0, segment({ limit: 0xfff, type: code, dpl: 3 }))
    a.push(0x1003)
      .push(place.userStack)
      .push(2)
      .push(at | 3)
      .push(0x5000)
      .iretd()
  })
  k.check('a far CALL looks at its own stack before the offset', '#SS(0)', (_a, c) => {
    const at = c.descriptor(0, segment({ limit: 0xfff, type: code, dpl: 3 }))
    const stack = c.descriptor(1, segment({ limit: 0xfff, type: segmentType.data, dpl: 3 }))
    c.user((u) =>
      u
        .mov(eax, stack | 3)
        .mov(ss, ax)
        .mov(esp, 0x2000)
        .callf(far(at | 3, 0x5000)),
    )
  })
  k.check('RETF to an inner level', '#GP(8)', (_a, c) => c.user((u) => u.push(selector.code).push(0).retf()))
  k.check('IRET to a null CS', '#GP(0)', (a) => a.push(2).push(0).push(0).iretd())
  k.check('VERR, VERW, LAR and LSL', 'ok 1 0 c09b00 ffffffff', (a, c) => {
    a.mov(eax, selector.code).xor(ebx, ebx).verr(ax).sete(bl)
    c.value(ebx)
    a.xor(ebx, ebx).verw(ax).sete(bl)
    c.value(ebx)
    // the limit's upper bits are undefined there
    a.lar(ebx, ax).and(ebx, 0xf0_ff00)
    c.value(ebx)
    a.lsl(ebx, ax)
    c.value(ebx)
  })
  k.check('ARPL raises an RPL', 'ok 13 1', (a, c) => {
    a.mov(eax, 0x10).mov(ecx, 3).xor(ebx, ebx).arpl(ax, cx).sete(bl)
    c.value(eax)
    c.value(ebx)
  })
}

/** Segments, gates and levels of protected mode. Source: SDM 3A chapters 3 and 5. */
export function segmentation(): Kernel {
  const k = new KernelBuilder('segmentation', 32)
  dataSegments(k)
  loading(k)
  codeSegments(k)
  codeLimits(k)
  callGates(k)
  refusedGates(k)
  innerStacks(k)
  returning(k)
  return k.finish()
}
