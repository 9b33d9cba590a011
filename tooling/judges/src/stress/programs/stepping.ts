import {
  al,
  ax,
  dr0,
  dr6,
  dr7,
  eax,
  ecx,
  esi,
  mem8,
  mem16,
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
import { at, selector } from '../layout.ts'
import type { Program } from '../program.ts'
import { loop } from './loop.ts'

const TF = 0x100

/** Steps and breakpoints in code that is hot. */
export const stepping: readonly Program[] = [
  {
    name: 'single steps through a hot loop',
    mode: 'long',
    write: (a) => {
      a.jmp('start')
        .label('vector1')
        .inc(mem64(at.data))
        .push(rax)
        .mov(rax, mem64({ base: rsp, displacement: 8 }))
        .add(mem64(at.data + 8), rax)
        .mov(rax, dr6)
        .add(mem64(at.data + 16), rax)
        .pop(rax)
        .iretq()
      a.label('start').mov(esi, 3).label('again')
      a.mov(ecx, 60).label('round').add(rbx, rcx).adc(rdx, rbx).nop().dec(ecx).jne('round')
      // the second time round with TF
      a.pushfq().xor(mem32(rsp), TF).popfq().dec(esi).jne('again').push(2).popfq().hlt()
    },
  },
  {
    name: 'TF that IRET turns on for one instruction of a loop',
    mode: 'long',
    write: (a) => {
      a.jmp('start')
        .label('vector1')
        .and(mem32({ base: rsp, displacement: 16 }), ~TF)
        .inc(mem64(at.data))
        .iretq()
      a.label('start')
      loop(a, 80, () => {
        a.mov(rax, rsp).push(selector.data).push(rax).pushfq().or(mem32(rsp), TF).push(selector.code64)
        a.mov(rsi, 'stepped').push(rsi).iretq().label('stepped').add(rbx, rcx).adc(rdx, rbx).inc(rdi)
      })
    },
  },
  {
    name: 'an instruction breakpoint inside a hot loop',
    mode: 'long',
    write: (a) => {
      a.jmp('start')
        .label('vector1')
        .inc(mem64(at.data))
        .or(mem32({ base: rsp, displacement: 16 }), 0x1_0000)
        .iretq()
      a.label('start')
        .mov(esi, 4)
        .label('again')
        .mov(ecx, 40)
        .label('round')
        .add(rbx, rcx)
        .label('here')
        .adc(rdx, rbx)
        .dec(ecx)
        .jne('round')
      // set and taken away in turns
      a.mov(rax, 'here').mov(dr0, rax).mov(rax, dr7).xor(eax, 2).mov(dr7, rax).dec(esi).jne('again').hlt()
    },
  },
  {
    name: 'data breakpoints inside a hot loop',
    mode: 'long',
    write: (a) => {
      a.jmp('start')
        .label('vector1')
        .inc(mem64(at.data + 0x40))
        .push(rax)
        .mov(rax, dr6)
        .add(mem64(at.data + 0x48), rax)
        .xor(eax, eax)
        .mov(dr6, rax)
        .pop(rax)
        .iretq()
      a.label('start').mov(esi, 4).label('again').mov(ecx, 40).label('round')
      a.mov(mem32(at.data), ecx)
        .add(rbx, mem64(at.data))
        .adc(rdx, rbx)
        .mov(mem8(at.data + 7), al)
        .dec(ecx)
        .jne('round')
      a.mov(eax, at.data).mov(dr0, rax).mov(rax, dr7).xor(eax, 0x9_0002).mov(dr7, rax).dec(esi).jne('again').hlt()
    },
  },
  {
    name: 'a data breakpoint of the instruction behind MOV SS',
    mode: 'long',
    write: (a) => {
      a.jmp('start')
        .label('vector1')
        .inc(mem64(at.data + 0x40))
        .push(rax)
        .mov(rax, mem64({ base: rsp, displacement: 8 }))
        .add(rbx, rax)
        .pop(rax)
        .iretq()
      a.label('start')
        .mov(eax, at.data)
        .mov(dr0, rax)
        .mov(eax, 0x9_0402)
        .mov(dr7, rax)
        .mov(eax, selector.data)
        .mov(mem32(at.data + 0x20), eax)
      loop(a, 50, () =>
        a
          .mov(mem64(at.data), rcx)
          .mov(ss, mem16(at.data + 0x20))
          .inc(rdx)
          .mov(ss, ax)
          .mov(mem64(at.data), rdx)
          .inc(rdx)
          .inc(rdx),
      )
    },
  },
]
