import {
  type Assembler,
  al,
  ax,
  cl,
  cr0,
  eax,
  ecx,
  edi,
  edx,
  esi,
  mem8,
  mem32,
  mem64,
  rax,
  rbx,
  rcx,
  rdi,
  rdx,
  rsi,
  rsp,
  ss,
} from '@vmm/x86-assembler'
import { at, port, selector } from '../layout.ts'
import type { Program } from '../program.ts'
import { loop } from './loop.ts'

const IF = 0x200n

/** What an interrupt does: it counts, and remembers where it came. */
const counting = (a: Assembler): Assembler =>
  a
    .label('vector65')
    .label('vector64')
    .push(rax)
    .mov(rax, mem64({ base: rsp, displacement: 8 }))
    .add(mem64(at.data + 0x100), rax)
    .inc(mem64(at.data + 0x108))
    .pop(rax)
    .iretq()

/** Interrupts and exceptions at every place of a block. */
export const interruptions: readonly Program[] = [
  {
    name: 'an interrupt at each count of a loop',
    mode: 'long',
    rflags: IF | 2n,
    limit: 2000,
    interruptedAt: [200, 232, 1],
    write: (a) => {
      counting(a.jmp('start')).label('start').mov(rdi, at.data)
      loop(a, 60, () =>
        a
          .add(rbx, rcx)
          .adc(rdx, 0)
          .mov(mem64(rdi), rbx)
          .xor(rsi, mem64(rdi))
          .shl(rsi, 3)
          .cmp(rsi, rbx)
          .jb('low')
          .inc(rdx)
          .label('low')
          .rcr(rdx, 1),
      )
    },
  },
  {
    name: 'a timer that fires at exact counts',
    mode: 'long',
    rflags: IF | 2n,
    write: (a) => {
      counting(a.jmp('start')).label('start').mov(rdi, at.data)
      loop(a, 90, () =>
        a
          .mov(eax, ecx)
          .and(eax, 31)
          .out(port.timer, eax)
          .add(rbx, rcx)
          .adc(rdx, rbx)
          .inc(mem64(rdi))
          .add(rdx, mem64(rdi))
          .nop()
          .nop(),
      )
    },
  },
  {
    name: 'an interrupt that an OUT of the loop asks for',
    mode: 'long',
    rflags: IF | 2n,
    write: (a) => {
      counting(a.jmp('start')).label('start').mov(al, 0x41)
      loop(a, 120, () =>
        a.add(rbx, rcx).out(port.interruptNow, al).adc(rdx, rbx).inc(rsi).test(cl, 3).jne('on').inc(rdi).label('on'),
      )
    },
  },
  {
    name: 'interrupts that wait while they are off',
    mode: 'long',
    rflags: IF | 2n,
    write: (a) => {
      counting(a.jmp('start')).label('start').mov(al, 0x41)
      loop(a, 120, () =>
        a
          .cli()
          .out(port.interruptNow, al)
          .add(rbx, rcx)
          .adc(rdx, rbx)
          .sti()
          .inc(rsi)
          .add(rdx, mem64(at.data + 0x108)),
      )
    },
  },
  {
    name: 'an interrupt behind STI, at each count',
    mode: 'long',
    limit: 1200,
    interruptedAt: [100, 124, 1],
    write: (a) => {
      counting(a.jmp('start')).label('start')
      loop(a, 60, () => a.sti().inc(rbx).cli().add(rdx, rbx).sti().sti().cli().nop().sti().nop().nop().cli())
    },
  },
  {
    name: 'an interrupt behind MOV SS, at each count',
    mode: 'long',
    rflags: IF | 2n,
    limit: 1000,
    interruptedAt: [100, 120, 1],
    write: (a) => {
      counting(a.jmp('start')).label('start').mov(eax, selector.data)
      loop(a, 60, () =>
        a
          .mov(ss, ax)
          .inc(rbx)
          .add(rdx, mem64(at.data + 0x108))
          .mov(ss, ax)
          .mov(ss, ax)
          .nop()
          .add(rdx, rbx),
      )
    },
  },
  {
    name: 'flags that POPF turns on while an interrupt waits',
    mode: 'long',
    write: (a) => {
      counting(a.jmp('start')).label('start').mov(al, 0x41)
      loop(a, 100, () =>
        a
          .out(port.interruptNow, al)
          .push(0x202)
          .popfq()
          .inc(rbx)
          .add(rdx, mem64(at.data + 0x108))
          .push(2)
          .popfq()
          .adc(rdx, rbx),
      )
    },
  },
  {
    name: 'HLT that a timer ends',
    mode: 'long',
    rflags: IF | 2n,
    write: (a) => {
      counting(a.jmp('start')).label('start')
      a.mov(ecx, 60)
        .label('round')
        .mov(eax, 5)
        .out(port.timer, eax)
        .inc(rbx)
        .hlt()
        .add(rdx, mem64(at.data + 0x108))
        .dec(ecx)
        .jne('round')
        .cli()
        .hlt()
    },
  },
  {
    name: 'an NMI at each count',
    mode: 'long',
    limit: 900,
    happens: Array.from({ length: 12 }, (_, index) => ({ at: 100 + index * 37, kind: 'nmi' as const })),
    write: (a) => {
      a.jmp('start').label('vector2').inc(mem64(at.data)).add(rdx, mem64(rsp)).iretq().label('start')
      loop(a, 80, () => a.add(rbx, rcx).adc(rdx, rbx).rol(rbx, 5).xor(rdx, mem64(at.data)))
    },
  },
  {
    name: 'every instruction of a block may fault',
    mode: 'long',
    write: (a) => {
      // division by zero is passed over: DIV RDI is three bytes
      a.jmp('start')
        .label('vector0')
        .pushfq()
        .pop(rsi)
        .add(mem64(at.data + 8), rsi)
        .add(mem64(rsp), 3)
        .inc(mem64(at.data))
        .iretq()
      a.label('start')
      loop(a, 120, () => {
        a.mov(rdi, rcx).and(edi, 3).mov(rax, rcx).xor(edx, edx).cmp(ecx, 40).div(rdi).adc(rbx, rax)
        a.dec(rdi)
          .xor(edx, edx)
          .stc()
          .div(rdi)
          .sbb(rbx, rdx)
          .dec(rdi)
          .mov(edx, 0)
          .div(rdi)
          .adc(rbx, rax)
          .dec(rdi)
          .xor(edx, edx)
          .div(rdi)
          .rcl(rbx, 1)
      })
    },
  },
  {
    name: 'INT n and system calls from a program',
    mode: 'long',
    fields: { IA32_LSTAR: BigInt(at.otherCode), IA32_FMASK: 0x700n },
    elsewhere: [
      {
        address: at.otherCode,
        write: (a) => a.add(rbx, rcx).push(rcx).dec(mem32(at.data)).je('over').pop(rcx).sysretq().label('over').hlt(),
      },
    ],
    write: (a) => {
      a.jmp('start').label('vector128').add(rbx, mem64(rsp)).rol(rbx, 1).iretq()
      a.label('start')
        .mov(mem32(at.data), 100)
        .push(selector.userData)
        .push(at.userStack)
        .push(0x202)
        .push(selector.userCode64)
      a.mov(rax, 'program').push(rax).iretq()
      a.label('program').inc(rdx).int(128).add(rdx, rbx).push(rdx).syscall().pop(rsi).xor(rdi, rsi).jmp('program')
    },
  },
  {
    name: 'string instructions that interrupts come into',
    mode: 'long',
    rflags: IF | 2n,
    limit: 4000,
    interruptedAt: [60, 2000, 97],
    write: (a) => {
      counting(a.jmp('start')).label('start').cld().mov(esi, 6).mov(edx, 9)
      a.label('round')
        .mov(rdi, at.data + 0xfc0)
        .mov(ecx, 150)
        .mov(eax, edx)
        .rep()
        .stosb()
      a.push(rsi)
        .mov(rsi, at.data + 0xf80)
        .mov(rdi, at.data + 0x1fe0)
        .mov(ecx, 100)
        .rep()
        .movsb()
      a.std()
        .mov(rsi, at.data + 0x1010)
        .mov(rdi, at.data + 0x1012)
        .mov(ecx, 40)
        .rep()
        .movsb()
        .cld()
      a.mov(rsi, at.data + 0xfc0)
        .mov(rdi, at.data + 0x1fe0)
        .mov(ecx, 60)
        .repe()
        .cmpsb()
        .pushfq()
        .pop(rax)
        .add(rbx, rax)
        .add(rbx, rcx)
      a.mov(rdi, at.data + 0xf00)
        .mov(ecx, 200)
        .mov(al, 9)
        .repne()
        .scasb()
        .add(rbx, rdi)
        .pop(rsi)
        .inc(edx)
        .dec(esi)
        .jne('round')
        .cli()
        .hlt()
    },
  },
  {
    name: 'a string instruction that faults half way',
    mode: 'long',
    write: (a) => {
      const page = at.data + 0x2000
      const entry = at.tables + 0x3000 + (page >>> 9)
      a.jmp('start')
        .label('vector14')
        .add(rbx, rcx)
        .add(rbx, rdi)
        .mov(rax, page | 7)
        .mov(mem64(entry), rax)
        .add(rsp, 8)
        .iretq()
      a.label('start')
        .mov(edx, 30)
        .label('round')
        .mov(mem64(entry), 0)
        .invlpg(mem8(page))
        .mov(rdi, page - 40)
        .mov(eax, 7)
        .mov(ecx, 100)
        .cld()
        .rep()
        .stosb()
      a.mov(rsi, page - 60)
        .mov(mem64(entry), 0)
        .invlpg(mem8(page))
        .mov(rdi, at.data)
        .mov(ecx, 90)
        .rep()
        .movsb()
        .dec(edx)
        .jne('round')
        .hlt()
    },
  },
  {
    name: 'an x87 that is not there until its handler lets it be',
    mode: 'long',
    write: (a) => {
      a.jmp('start')
        .label('vector7')
        .inc(mem64(at.data + 8))
        .clts()
        .iretq()
        .label('start')
        .mov(mem32(at.data), 3)
      loop(a, 60, () =>
        a
          .mov(rax, cr0)
          .or(eax, 8)
          .mov(cr0, rax)
          .add(rbx, rcx)
          .fild(mem32(at.data))
          .fiadd(mem32(at.data))
          .fistp(mem32(at.data + 4))
          .adc(rbx, mem64(at.data)),
      )
    },
  },
]
