import {
  al,
  ax,
  cr4,
  dr0,
  dr1,
  dr4,
  dr6,
  dr7,
  dx,
  eax,
  ebx,
  ecx,
  edi,
  esp,
  label,
  mem8,
  mem16,
  mem32,
  type Register,
  ss,
} from '@vmm/x86-assembler'
import { type CheckBuilder, type Kernel, KernelBuilder } from '../kernel/kernel.ts'
import { place, selector } from '../kernel/places.ts'

type Asm = CheckBuilder['a']

const [TF, RF] = [0x100, 0x1_0000]
const flagsTo = (a: Asm, flags: number): Asm => a.push(flags | 2).popfd()
const set = (a: Asm, register: Register, value: number | string): void => void a.mov(eax, value).mov(register, eax)
/** DR7 with one breakpoint: 0 instructions, 1 writes, 2 ports, 3 reads and writes; of so many bytes. */
const one = (kind: 0 | 1 | 2 | 3, bytes: 1 | 2 | 4 = 1): number => 0x402 | (kind << 16) | ((bytes - 1) << 18)
const idtEntry = (vector: number) => place.idt + vector * 8

/** RFLAGS.TF. Source: SDM 3B §18.3.1.4. */
function stepping(k: KernelBuilder): void {
  k.check('a trap follows the instruction after POPF sets TF', '#DB at=7 dr6=ffff4ff0', (a) => flagsTo(a, TF).nop(), [
    'at',
    'dr6',
  ])
  k.check('a trap follows POPF that clears TF', '#DB at=8 dr6=ffff4ff0 eflags=2', (a) => flagsTo(a.nop(), TF).popfd(), [
    'at',
    'dr6',
    'eflags',
  ])
  k.check(
    'each round of REP is a step',
    '#DB at=10 ecx=2 eflags=10102',
    (a) => {
      a.mov(edi, place.scratch).mov(ecx, 3)
      flagsTo(a, TF).rep().stosb()
    },
    ['at', 'ecx', 'eflags'],
  )
  k.check(
    'the last round of REP ends the instruction',
    '#DB at=12 ecx=0 eflags=102',
    (a) => {
      a.mov(edi, place.scratch).mov(ecx, 1)
      flagsTo(a, TF).rep().stosb()
    },
    ['at', 'ecx', 'eflags'],
  )
  k.check(
    'no trap comes between MOV SS and the next instruction',
    '#DB at=e dr6=ffff4ff0',
    (a) => {
      a.mov(eax, selector.data)
      flagsTo(a, TF).mov(ss, ax).nop().nop()
    },
    ['at', 'dr6'],
  )
}

/** What a step leads into. */
function steppingInto(k: KernelBuilder): void {
  k.check(
    'INT n is not stepped into',
    '#UD dr6=ffff0ff0',
    (a, c) => {
      const handler = c.unique('handler')
      a.mov(eax, handler)
        .mov(mem16(idtEntry(0x30)), ax)
        .shr(eax, 16)
        .mov(mem16(idtEntry(0x30) + 6), ax)
      a.mov(mem16(idtEntry(0x30) + 2), selector.code).mov(mem16(idtEntry(0x30) + 4), 0x8e00)
      flagsTo(a, TF).int(0x30).label(handler).nop().nop().push(2).popfd().ud2()
    },
    ['dr6'],
  )
  k.check('an exception is not stepped into', '#UD dr6=ffff0ff0', (a) => flagsTo(a, TF).ud2(), ['dr6'])
  k.check(
    'IRET that sets TF',
    '#DB at=e dr6=ffff4ff0',
    (a, c) => {
      const to = c.unique('to')
      a.push(TF | 2)
        .push(selector.code)
        .push(label(to))
        .iretd()
        .label(to)
        .nop()
        .nop()
    },
    ['at', 'dr6'],
  )
}

/** Breakpoints on instructions. Source: SDM 3B §18.3.1.1. */
function instructionBreakpoints(k: KernelBuilder): void {
  k.check(
    'an instruction breakpoint faults before its instruction',
    '#DB dr6=ffff0ff1 ebx=0 eflags=2',
    (a, c) => {
      const to = c.unique('to')
      set(a, dr0, to)
      a.xor(ebx, ebx)
      flagsTo(a, 0)
      set(a, dr7, one(0))
      a.label(to).mov(ebx, 1)
    },
    ['dr6', 'ebx', 'eflags'],
  )
  k.check('RF holds an instruction breakpoint off once', 'ok 1', (a, c) => {
    const to = c.unique('to')
    set(a, dr0, to)
    set(a, dr7, one(0))
    a.xor(ebx, ebx)
      .push(RF | 2)
      .push(selector.code)
      .push(label(to))
      .iretd()
      .label(to)
      .mov(ebx, 1)
    c.value(ebx)
  })
  k.check('REP meets an instruction breakpoint before its first round only', 'ok 1 0', (a, c) => {
    const [to, handler] = [c.unique('to'), c.unique('handler')]
    a.mov(eax, handler)
      .mov(mem16(idtEntry(1)), ax)
      .shr(eax, 16)
      .mov(mem16(idtEntry(1) + 6), ax)
    set(a, dr0, to)
    set(a, dr7, one(0))
    a.xor(ebx, ebx).mov(edi, place.scratch).mov(ecx, 5).label(to).rep().stosb()
    c.value(ebx)
    c.value(ecx)
    set(a, dr7, 0x400)
    const over = c.unique('over')
    a.jmp(over)
      .label(handler)
      .inc(ebx)
      .or(mem32({ base: esp, displacement: 8 }), RF)
      .iretd()
    a.label(over)
  })
  k.check('an instruction breakpoint right after MOV SS is not seen', 'ok', (a, c) => {
    const to = c.unique('to')
    set(a, dr0, to)
    set(a, dr7, one(0))
    a.mov(eax, selector.data).mov(ss, ax).label(to).nop()
  })
}

/** Breakpoints on data. Source: SDM 3B §18.3.1.2. */
function dataBreakpoints(k: KernelBuilder): void {
  k.check(
    'a write breakpoint traps after its instruction',
    '#DB dr6=ffff0ff1',
    (a) => {
      set(a, dr0, place.scratch)
      set(a, dr7, one(1))
      a.xor(ebx, ebx).mov(mem8(place.scratch), al).mov(ebx, 1).mov(ebx, 2)
    },
    ['dr6'],
  )
  k.check('a read does not meet a write breakpoint', 'ok', (a) => {
    set(a, dr0, place.scratch)
    set(a, dr7, one(1))
    a.mov(al, mem8(place.scratch))
  })
  k.check(
    'a read meets a read-write breakpoint',
    '#DB dr6=ffff0ff1',
    (a) => {
      set(a, dr0, place.scratch)
      set(a, dr7, one(3))
      a.mov(al, mem8(place.scratch))
    },
    ['dr6'],
  )
  k.check(
    'one byte of an access is enough',
    '#DB dr6=ffff0ff2',
    (a) => {
      set(a, dr1, place.scratch + 4)
      set(a, dr7, 0x0010_0408)
      a.mov(mem32(place.scratch + 1), eax)
    },
    ['dr6'],
  )
  k.check('the byte behind a breakpoint is free', 'ok', (a) => {
    set(a, dr0, place.scratch)
    set(a, dr7, one(1, 2))
    a.mov(mem8(place.scratch + 2), al)
  })
}

/** Breakpoints that meet steps, shadows and repetition, and those of ports. */
function breakpointsAmongOthers(k: KernelBuilder): void {
  k.check(
    'a step onto a breakpoint tells of both',
    '#DB dr6=ffff4ff1',
    (a) => {
      set(a, dr0, place.scratch)
      set(a, dr7, one(1))
      flagsTo(a, TF).mov(mem8(place.scratch), al)
    },
    ['dr6'],
  )
  k.check(
    'a breakpoint met by POP SS waits for one instruction',
    '#DB dr6=ffff0ff1 ebx=1',
    (a) => {
      a.mov(mem32(place.scratch), selector.data).xor(ebx, ebx)
      set(a, dr0, place.scratch)
      set(a, dr7, one(3))
      a.mov(ss, mem16(place.scratch)).mov(ebx, 1).mov(ebx, 2)
    },
    ['dr6', 'ebx'],
  )
  k.check(
    'REP stops where a breakpoint is',
    '#DB dr6=ffff0ff1 ecx=7 eflags=10002',
    (a) => {
      set(a, dr0, place.scratch + 8)
      set(a, dr7, one(1))
      a.mov(edi, place.scratch).mov(ecx, 16).rep().stosb()
    },
    ['dr6', 'ecx', 'eflags'],
  )
  k.check(
    'a port breakpoint',
    '#DB dr6=ffff0ff1',
    (a) => {
      a.mov(eax, cr4).or(eax, 8).mov(cr4, eax)
      set(a, dr0, 0x80)
      set(a, dr7, one(2))
      a.mov(dx, 0x80).out(dx, al)
    },
    ['dr6'],
  )
}

/** The debug registers themselves. */
function registers(k: KernelBuilder): void {
  k.check(
    'DR7.GD keeps the debug registers',
    '#DB dr6=ffff2ff0 eflags=10002',
    (a) => {
      set(a, dr7, 0x2400)
      a.mov(eax, dr0)
    },
    ['dr6', 'eflags'],
  )
  k.check('GD is clear in the handler', 'ok 400', (a, c) => {
    const handler = c.unique('handler')
    a.mov(eax, handler)
      .mov(mem16(idtEntry(1)), ax)
      .shr(eax, 16)
      .mov(mem16(idtEntry(1) + 6), ax)
    set(a, dr7, 0x2400)
    a.mov(eax, dr0).ud2().label(handler).mov(eax, dr7)
    c.value(eax)
  })
  k.check('DR4 is DR6 without CR4.DE', 'ok ffff0ff0', (a, c) => {
    a.mov(eax, dr4)
    c.value(eax)
  })
  k.check('DR4 is not there with CR4.DE', '#UD', (a) => a.mov(eax, cr4).or(eax, 8).mov(cr4, eax).mov(eax, dr4))
  k.check('DR4 is not there with CR4.DE, whoever asks', '#UD', (a, c) => {
    a.mov(eax, cr4).or(eax, 8).mov(cr4, eax)
    c.user((u) => u.mov(eax, dr4))
  })
  k.check('bits of DR6 and DR7 that are fixed', 'ok ffff0ff0 ffffe00f 400 ffff27ff', (a, c) => {
    for (const value of [0, 0xffff_ffff]) {
      set(a, dr6, value)
      a.mov(ebx, dr6)
      if (value !== 0) a.and(ebx, 0xffff_f00f)
      c.value(ebx)
    }
    set(a, dr7, 0)
    a.mov(ebx, dr7)
    c.value(ebx)
    set(a, dr7, 0xffff_ffff & ~0x2000)
    a.mov(ebx, dr7)
    set(a, dr7, 0)
    a.or(ebx, 0x2000)
    c.value(ebx)
  })
  k.check('INT1 asks no DPL, and DR6 does not know it', '#DB dr6=ffff0ff0 cs=1b', (_a, c) => c.user((a) => a.int1()), [
    'dr6',
    'cs',
  ])
  k.check('INT 1 asks the DPL', '#GP(a)', (_a, c) => c.user((a) => a.int(1)))
  k.check('INT3 asks the DPL', '#GP(1a)', (_a, c) => c.user((a) => a.int3()))
  k.check('a debug register from CPL 3', '#GP(0)', (_a, c) => c.user((a) => a.mov(eax, dr0)))
}

/** Debug registers and single-stepping. Source: SDM 3B chapter 18. */
export function debugging(): Kernel {
  const k = new KernelBuilder('debugging', 32)
  stepping(k)
  steppingInto(k)
  instructionBreakpoints(k)
  dataBreakpoints(k)
  breakpointsAmongOthers(k)
  registers(k)
  return k.finish()
}
