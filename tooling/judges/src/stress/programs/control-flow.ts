import {
  type Assembler,
  absolute,
  al,
  ax,
  cl,
  eax,
  ebx,
  ecx,
  edi,
  edx,
  mem8,
  mem64,
  mem128,
  r8,
  r9,
  r10,
  rax,
  rbx,
  rcx,
  rdi,
  rdx,
  rsi,
  rsp,
  st0,
  st1,
  xmm0,
  xmm1,
  xmm2,
} from '@vmm/x86-assembler'
import { at } from '../layout.ts'
import type { Program } from '../program.ts'
import { loop } from './loop.ts'

/** What sets flags, each in its own way. RAX changes from round to round. */
const setters: Readonly<Record<string, (a: Assembler) => unknown>> = {
  ADD: (a) => a.mov(rdx, rax).add(edx, 0x7fff_fff0),
  SUB: (a) => a.mov(rdx, rax).sub(rdx, 20),
  CMP: (a) => a.cmp(al, 0xf0),
  ADC: (a) => a.mov(rdx, rax).shr(rax, 1).adc(rdx, -1),
  INC: (a) => a.mov(rdx, rax).bt(rax, 3).inc(edx),
  DEC: (a) => a.mov(rdx, rax).bt(rax, 2).dec(rdx),
  NEG: (a) => a.mov(rdx, rax).neg(edx),
  AND: (a) => a.mov(rdx, rax).and(edx, -0x80),
  TEST: (a) => a.test(rax, rax),
  SHL: (a) => a.mov(rdx, rax).shl(rdx, cl),
  SHR: (a) => a.mov(rdx, rax).shr(edx, 1),
  SAR: (a) => a.mov(rdx, rax).neg(rdx).sar(rdx, cl),
  ROL: (a) => a.mov(rdx, rax).cmp(al, 5).rol(rdx, cl),
  RCR: (a) => a.mov(rdx, rax).cmp(al, 9).rcr(rdx, 3),
  IMUL: (a) => a.cmp(al, 3).imul(edx, eax, 0x100_0001).mov(rdx, rax),
  SAHF: (a) => a.mov(rdx, rax).shl(eax, 8).sahf().mov(rax, rdx),
  POPF: (a) => a.mov(rdx, rax).and(edx, 0x8d5).push(rdx).popfq(),
  // a count of zero leaves all flags as they were before
  'SHL by perhaps nothing': (a) => a.mov(rdx, rcx).cmp(eax, 33).xchg(rcx, rax).and(cl, 1).xchg(rcx, rax).mov(rcx, rdx),
}

/** Every condition, in a block of its own behind a jump. */
const takers = ['jo', 'jb', 'je', 'jbe', 'js', 'jp', 'jl', 'jle'] as const

/** Each way to set flags, then each way to look at them in other blocks; and by PUSHF, ADC and LAHF. */
const flagsAcross = (name: string): Program => ({
  name: `flags of ${name} that other blocks look at`,
  mode: 'long',
  write: (a) =>
    loop(a, 40, () => {
      for (const taker of takers) {
        a.mov(rax, rcx).imul(rax, rax, 0x0101_0107)
        setters[name]!(a)
        a.jmp(`${taker} looks`).label(`${taker} looks`)
        a[taker](`${taker} taken`)
          .lea(rbx, mem64({ base: rbx, displacement: 1 }))
          .label(`${taker} taken`)
        // nobody has changed them yet
        a.pushfq().pop(rsi).adc(rbx, rsi).rol(rbx, 1)
      }
    }),
})

/** Ways through code that compilers like least. */
export const controlFlow: readonly Program[] = [
  ...Object.keys(setters).map(flagsAcross),
  {
    name: 'a loop with jumps into its middle',
    mode: 'long',
    write: (a) => {
      a.mov(ecx, 200).jmp('middle')
      a.label('upper').add(rbx, 3).test(ecx, 4).jne('middle').inc(rdx).label('lower').xor(rbx, rdx).dec(ecx).je('over')
      a.test(ecx, 1).je('upper')
      a.label('middle').adc(rdx, rbx).test(ecx, 2).je('lower').sub(rbx, 1).dec(ecx).jne('upper').label('over').hlt()
    },
  },
  {
    name: 'three loops that go into each other',
    mode: 'long',
    write: (a) => {
      a.mov(ecx, 300)
      for (const [one, two, three, mask] of [
        ['a', 'b', 'c', 1],
        ['b', 'c', 'a', 2],
        ['c', 'a', 'b', 5],
      ] as const)
        a.label(one)
          .add(rbx, mask)
          .rol(rbx, mask)
          .dec(ecx)
          .je('over')
          .test(ecx, mask)
          .je(two)
          .test(cl, mask << 2)
          .jne(three)
          .inc(rdx)
      a.jmp('a').label('over').hlt()
    },
  },
  {
    name: 'nested loops with a way out of all of them',
    mode: 'long',
    write: (a) => {
      a.mov(r8, 12).label('outer').mov(r9, 9).label('middle').mov(r10, 7).label('inner')
      a.add(rbx, r10)
        .rol(rbx, 3)
        .xor(rbx, r9)
        .cmp(rbx, 0x7777)
        .je('out')
        .dec(r10)
        .jne('inner')
        .dec(r9)
        .jne('middle')
        .dec(r8)
        .jne('outer')
      a.label('out').hlt()
    },
  },
  {
    name: 'an interpreter of bytes that jumps by a table',
    mode: 'long',
    write: (a) => {
      a.jmp('start').align(8).label('table')
      for (let index = 0; index < 8; index += 1) a.dq(`op${index}`)
      a.label('program').db(0, 1, 2, 3, 4, 5, 6, 0, 2, 4, 1, 3, 5, 6, 6, 5, 4, 7)
      a.label('start').mov(ecx, 60).label('again').mov(rsi, 'program')
      a.label('next')
        .movzx(eax, mem8(rsi))
        .inc(rsi)
        .jmp(mem64({ displacement: absolute('table'), index: rax, scale: 8 }))
      a.label('op0').add(rbx, 5).jmp('next').label('op1').rol(rbx, 7).jmp('next').label('op2').xor(rbx, rcx).jmp('next')
      a.label('op3').sub(rdx, rbx).jmp('next').label('op4').adc(rdx, rdx).jmp('next').label('op5').inc(rdi).jmp('next')
      a.label('op6').imul(rbx, rbx, 11).jmp('next').label('op7').dec(ecx).jne('again').hlt()
    },
  },
  {
    name: 'deep recursion',
    mode: 'long',
    write: (a) => {
      a.mov(ecx, 4).label('round').mov(edi, 8).call('fibonacci').add(rbx, rax).dec(ecx).jne('round').hlt()
      a.label('fibonacci').cmp(edi, 2).jae('deeper').mov(eax, edi).ret()
      a.label('deeper')
        .push(rdi)
        .dec(edi)
        .call('fibonacci')
        .pop(rdi)
        .push(rax)
        .sub(edi, 2)
        .call('fibonacci')
        .pop(rdx)
        .add(rax, rdx)
        .ret()
    },
  },
  {
    name: 'returns to where nobody called from',
    mode: 'long',
    write: (a) => {
      a.mov(ecx, 150).label('round').mov(rax, 'one').test(ecx, 1).je('go').mov(rax, 'two').label('go').push(rax).ret()
      a.label('one').add(rbx, 1).call('swap').label('two').rol(rbx, 2).dec(ecx).jne('round').hlt()
      // the caller's caller is left out
      a.label('swap').mov(rdx, 'three').mov(mem64(rsp), rdx).ret().label('three').xor(rbx, rcx).jmp('two')
    },
  },
  {
    name: 'calls by register to many functions',
    mode: 'long',
    write: (a) => {
      a.mov(ecx, 200)
        .label('round')
        .mov(eax, ecx)
        .and(eax, 15)
        .shl(eax, 4)
        .mov(rdx, 'functions')
        .add(rdx, rax)
        .call(rdx)
        .dec(ecx)
        .jne('round')
        .hlt()
      a.align(16).label('functions')
      for (let index = 0; index < 16; index += 1)
        a.lea(rbx, mem64({ base: rbx, index: rcx, displacement: index }))
          .ret()
          .align(16)
    },
  },
  {
    name: 'instructions that cross pages in a hot loop',
    mode: 'long',
    elsewhere: [
      {
        address: at.otherCode + 0xfb0,
        write: (a) => {
          a.label('round')
            .add(rbx, rcx)
            .org(at.otherCode + 0xffc, 0x90)
            .mov(rax, 0x1122_3344_5566_7788n)
            .add(rbx, rax)
            .dec(ecx)
            .jne('round')
            .hlt()
        },
      },
    ],
    write: (a) =>
      a
        .mov(ecx, 120)
        .mov(rsi, at.otherCode + 0xfb0)
        .jmp(rsi),
  },
  {
    name: 'a branch that crosses pages',
    mode: 'long',
    elsewhere: [
      {
        address: at.otherCode + 0xff0,
        write: (a) => {
          a.label('round')
            .dec(ecx)
            .je('over')
            .test(ecx, 3)
            .org(at.otherCode + 0xfff, 0x90)
            .jne('round')
            .inc(rbx)
            .jmp('round')
            .label('over')
            .hlt()
        },
      },
    ],
    write: (a) =>
      a
        .mov(ecx, 300)
        .mov(rsi, at.otherCode + 0xff0)
        .jmp(rsi),
  },
  {
    name: 'jumps into the middle of instructions',
    mode: 'long',
    write: (a) => {
      a.mov(ecx, 150).label('round').test(ecx, 1).je('inside')
      // MOV EAX, imm32, whose immediate is INC EBX and NOPs
      a.db(0xb8).label('inside').db(0xff, 0xc3, 0x90, 0x90).add(rdx, rax).add(rdx, rbx).dec(ecx).jne('round').hlt()
    },
  },
  {
    name: 'LOOP and JRCXZ',
    mode: 'long',
    write: (a) => {
      a.mov(edx, 40)
        .label('round')
        .mov(ecx, edx)
        .label('inner')
        .jrcxz('none')
        .add(rbx, rcx)
        .cmp(ebx, edx)
        .loope('inner')
        .loopne('none')
        .label('none')
        .mov(ecx, 3)
        .loop('inner2')
        .label('inner2')
      a.dec(edx).jne('round').hlt()
    },
  },
  {
    name: 'stores and loads of every width that overlap',
    mode: 'long',
    write: (a) => {
      a.mov(rdi, at.data + 0xff0)
      loop(a, 100, () => {
        for (const offset of [0, 3, 9, 13])
          a.mov(mem64({ base: rdi, displacement: offset }), rbx)
            .add(rbx, mem64({ base: rdi, displacement: offset - 2 }))
            .mov(mem8({ base: rdi, displacement: offset + 1 }), cl)
            .adc(rbx, rcx)
      })
    },
  },
  {
    name: 'vectors live across blocks and faults',
    mode: 'long',
    write: (a) => {
      a.jmp('start')
        .label('vector0')
        .movdqu(mem128(at.data + 0x80), xmm0)
        .add(mem64(rsp), 3)
        .paddd(xmm1, mem128(at.data))
        .iretq()
        .label('start')
      a.mov(rax, 0x0102_0304_0506_0708n)
        .mov(mem64(at.data), rax)
        .mov(mem64(at.data + 8), rax)
        .movdqu(xmm0, mem128(at.data))
        .xor(edi, edi)
      loop(a, 80, () => {
        a.paddq(xmm0, mem128(at.data))
          .pshufd(xmm2, xmm0, 0x1b)
          .test(ecx, 3)
          .jne('on')
          .div(rdi)
          .pxor(xmm1, xmm2)
          .label('on')
          .paddd(xmm1, xmm0)
        a.movq(rax, xmm1)
          .add(rbx, rax)
          .cvtsi2sd(xmm2, rcx)
          .mulsd(xmm2, xmm2)
          .addsd(xmm2, xmm2)
          .cvttsd2si(rdx, xmm2)
          .add(rbx, rdx)
          .xor(edx, edx)
      })
    },
  },
  {
    name: 'x87 in a loop',
    mode: 'long',
    write: (a) => {
      a.fninit().fld1().fldz()
      loop(a, 80, () => {
        a.mov(mem64(at.data), rcx)
          .fild(mem64(at.data))
          .fmul(mem64(at.data + 0x40))
          .faddp(st1, st0)
          .fld(mem64(at.data + 0x48))
          .fxch(st1)
          .fstp(mem64(at.data + 8))
          .fadd(mem64(at.data + 8))
          .fcom(mem64(at.data))
          .fnstsw(ax)
          .and(eax, 0x4700)
          .add(rbx, rax)
          .add(rbx, mem64(at.data + 8))
      })
    },
    memory: [[at.data + 0x40, new Uint8Array(new Float64Array([1.25, 3.5]).buffer)]],
  },
  {
    name: 'one function in many places of a chain',
    mode: 'long',
    write: (a) => {
      // a block a line, more than a module holds
      a.mov(ecx, 12).label('round')
      for (let index = 0; index < 150; index += 1)
        a.add(rbx, index)
          .test(ecx, 1 << (index & 3))
          .je(`on${index}`)
          .ror(rbx, 1)
          .label(`on${index}`)
      a.dec(ecx).jne('round').hlt()
    },
  },
]
