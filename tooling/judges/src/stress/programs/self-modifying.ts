import {
  al,
  ax,
  cl,
  cs,
  eax,
  ebx,
  ecx,
  edx,
  esi,
  label,
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
} from '@vmm/x86-assembler'
import { at, port } from '../layout.ts'
import type { Program } from '../program.ts'
import { loop } from './loop.ts'

const rounds = 150

/** A loop of so many rounds around something; ECX counts down. */
/** A page that the processor sees memory in by another address. */
const aliased = (address: number): number => address + at.alias

/** Code that stores to code: nothing of what was there before may be run. */
export const selfModifying: readonly Program[] = [
  {
    name: 'an immediate of the same block, ahead',
    mode: 'long',
    write: (a) =>
      loop(a, rounds, () =>
        a
          .mov(mem8(label('patched', 1)), cl)
          .nop()
          .label('patched')
          .mov(al, 0)
          .add(rbx, rax),
      ),
  },
  {
    name: 'an immediate of the next instruction',
    mode: 'long',
    write: (a) =>
      loop(a, rounds, () =>
        a
          .mov(mem8(label('patched', 1)), cl)
          .label('patched')
          .mov(al, 0)
          .add(rbx, rax),
      ),
  },
  {
    name: 'an immediate of the same block, behind',
    mode: 'long',
    write: (a) =>
      loop(a, rounds, () =>
        a
          .label('patched')
          .mov(al, 0)
          .add(rbx, rax)
          .mov(mem8(label('patched', 1)), cl)
          .nop(),
      ),
  },
  {
    name: 'immediates of every width, all of them and in part',
    mode: 'long',
    write: (a) =>
      loop(a, rounds, () => {
        a.mov(rax, rbx).imul(rax, rax, 0x0107).add(rax, rcx)
        a.mov(mem16(label('word', 2)), ax)
          .mov(mem32(label('narrow', 2)), eax)
          .mov(mem64(label('wide', 2)), rax)
        a.mov(mem8(label('byte', 3)), al)
          .mov(mem32(label('long', 3)), eax)
          .ror(rax, 9)
        a.mov(mem8(label('narrow', 4)), al)
          .mov(mem16(label('wide', 7)), ax)
          .mov(mem8(label('long', 6)), al)
        a.jmp('word').label('word').db(0x66, 0x05, 0x34, 0x12)
        a.label('narrow').add(edx, 0x1234_5678).label('long').add(rbx, 0x1234_5678).label('byte').add(rdx, 5)
        a.label('wide').mov(rsi, 0x1122_3344_5566_7788n).add(rbx, rsi).xor(rbx, rdx).adc(rbx, rax)
      }),
  },
  {
    name: 'an immediate that is run as code too',
    mode: 'long',
    write: (a) =>
      loop(a, rounds, () => {
        // INC EBX and NOP, or ADD AL, imm8, within MOV EAX, imm32
        a.mov(esi, 0x9090_c3ff).test(ecx, 3).jne('on').mov(esi, 0x9090_9004).label('on')
        a.mov(mem32(label('both', 1)), esi)
          .test(ecx, 4)
          .je('inside')
        a.label('both').db(0xb8).label('inside').db(0xff, 0xc3, 0x90, 0x90).add(rdx, rax).add(rbx, rdx)
      }),
  },
  {
    name: 'an immediate of what stores to it',
    mode: 'long',
    write: (a) =>
      loop(a, rounds, () => {
        // the store is done with what it was before
        a.label('own').mov(mem32({ base: rsi, displacement: 0 }), 0x1234_5678)
        a.mov(rsi, label('own', 2)).add(rbx, mem64(rsi)).test(ecx, 1).je('on').mov(rsi, at.data).label('on')
        a.add(mem32(label('other', 1)), 0x77)
          .label('other')
          .mov(eax, 5)
          .add(rbx, rax)
      }),
  },
  {
    name: 'its own bytes',
    mode: 'long',
    // the store makes another instruction of itself: it is done as it was read
    write: (a) =>
      loop(a, rounds, () =>
        a.mov(eax, mem32('own')).label('own').mov(mem32('own'), eax).xor(eax, ecx).and(eax, 0).add(ebx, 1).nop(),
      ),
  },
  {
    name: 'an opcode that changes how long it is',
    mode: 'long',
    write: (a) =>
      loop(a, rounds, () => {
        a.mov(eax, ecx).and(eax, 1).imul(eax, eax, 0x05).add(eax, 0x90)
        // NOP, or XCHG EAX,EBP behind which the rest decodes otherwise
        a.mov(mem8('changing'), al).inc(ebx).label('changing').nop().add(edx, ebx).nop()
      }),
  },
  {
    name: 'a block of another page',
    mode: 'long',
    elsewhere: [{ address: at.otherCode, write: (a) => a.mov(al, 1).add(rbx, rax).ret() }],
    write: (a) =>
      loop(a, rounds, () =>
        a
          .mov(mem8(at.otherCode + 1), cl)
          .mov(rdx, at.otherCode)
          .call(rdx),
      ),
  },
  {
    name: 'an instruction that crosses pages, in either part',
    mode: 'long',
    elsewhere: [{ address: at.otherCode + 0xffd, write: (a) => a.mov(eax, 0x1122_3344).add(rbx, rax).ret() }],
    write: (a) =>
      loop(a, rounds, () =>
        a
          .mov(mem8(at.otherCode + 0xffe), cl)
          .mov(rdx, at.otherCode + 0xffd)
          .call(rdx)
          .mov(mem8(at.otherCode + 0x1001), cl)
          .call(rdx),
      ),
  },
  {
    name: 'a store that crosses into a page of code',
    mode: 'long',
    elsewhere: [{ address: at.otherCode + 0x1000, write: (a) => a.add(eax, 0x11).add(rbx, rax).ret() }],
    write: (a) =>
      loop(a, rounds, () => {
        a.mov(rdx, at.otherCode + 0x1000).call(rdx)
        // the last of eight bytes is an opcode's: it stays what it is, and the one before is no code's
        a.mov(rsi, mem64(at.otherCode + 0xff9))
          .add(rsi, 1)
          .mov(mem64(at.otherCode + 0xff9), rsi)
      }),
  },
  {
    name: 'through another address of the same page',
    mode: 'long',
    write: (a) =>
      loop(a, rounds, () => {
        a.mov(eax, ecx)
          .mov(rdi, aliased(at.otherCode))
          .mov(mem8({ base: rdi, displacement: 1 }), al)
        a.mov(rdx, at.otherCode).call(rdx)
      }),
    elsewhere: [{ address: at.otherCode, write: (a) => a.mov(al, 1).add(rbx, rax).ret() }],
  },
  {
    name: 'run at one address and patched at another, both hot',
    mode: 'long',
    write: (a) => {
      a.mov(ecx, rounds).mov(rdx, aliased(at.otherCode)).mov(rsi, at.otherCode)
      a.label('round')
        .call(rdx)
        .call(rsi)
        .mov(mem8({ base: rdx, displacement: 1 }), cl)
      a.call(rsi).call(rdx).dec(ecx).jne('round').hlt()
    },
    elsewhere: [{ address: at.otherCode, write: (a) => a.mov(al, 1).add(rbx, rax).ret() }],
  },
  {
    name: 'by a string instruction',
    mode: 'long',
    elsewhere: [
      { address: at.otherCode, write: (a) => a.space(64) },
      { address: at.otherCode + 0x100, write: (a) => a.mov(eax, 3).add(rbx, rax).ret() },
      { address: at.otherCode + 0x200, write: (a) => a.mov(eax, 5).shl(rbx, 1).sub(rbx, rax).ret() },
    ],
    write: (a) => {
      a.mov(ecx, rounds).label('round').mov(edx, ecx)
      a.mov(rsi, at.otherCode + 0x100)
        .test(edx, 1)
        .je('first')
        .add(rsi, 0x100)
        .label('first')
      a.mov(rdi, at.otherCode).mov(ecx, 16).cld().rep().movsb().mov(rax, at.otherCode).call(rax)
      a.mov(ecx, edx).dec(ecx).jne('round').hlt()
    },
  },
  {
    name: 'by a string instruction over the block that runs it',
    mode: 'long',
    write: (a) => {
      a.mov(edx, 40).label('round')
      a.mov(rdi, 'filled').mov(ecx, 8).mov(al, 0x90).cld().rep().stosb()
      a.label('filled').inc(rbx).inc(rbx).nop().nop()
      // what was filled with NOPs is written again
      a.mov(rax, BigInt('0x9090c3ff48c3ff48')).mov(mem64('filled'), rax)
      a.dec(edx).jne('round').hlt()
    },
  },
  {
    name: 'by a device',
    mode: 'long',
    stores: [
      { address: at.otherCode + 1, bytes: Uint8Array.of(7) },
      { address: at.otherCode + 1, bytes: Uint8Array.of(9) },
    ],
    elsewhere: [{ address: at.otherCode, write: (a) => a.mov(al, 1).add(rbx, rax).ret() }],
    write: (a) =>
      loop(a, rounds, () =>
        a.mov(rsi, at.otherCode).call(rsi).mov(eax, ecx).and(eax, 1).out(port.store, eax).call(rsi),
      ),
  },
  {
    name: 'by a device, in the block that asks it to',
    mode: 'long',
    stores: [
      { address: at.code + 0x801, bytes: Uint8Array.of(7) },
      { address: at.code + 0x801, bytes: Uint8Array.of(9) },
    ],
    write: (a) => {
      a.mov(ecx, rounds)
        .jmp('round')
        .org(at.code + 0x7e0)
        .label('round')
        .mov(eax, ecx)
        .and(eax, 1)
      a.out(port.store, eax)
        .jmp('patched')
        .org(at.code + 0x800)
        .label('patched')
        .mov(al, 0)
        .add(rbx, rax)
      a.dec(ecx).jne('round').hlt()
    },
  },
  {
    name: 'from outside, while it runs',
    mode: 'long',
    elsewhere: [{ address: at.otherCode, write: (a) => a.mov(al, 1).add(rbx, rax).ret() }],
    write: (a) => loop(a, rounds, () => a.mov(rsi, at.otherCode).call(rsi).mov(rdx, rbx).call(rsi)),
    happens: Array.from({ length: 40 }, (_, index) => ({
      at: 100 + index * 29,
      kind: 'store' as const,
      address: at.otherCode + 1,
      bytes: Uint8Array.of(index),
    })),
  },
  {
    name: 'a function written anew each round',
    mode: 'long',
    write: (a) => {
      a.mov(ecx, rounds).label('round')
      // mov eax, ECX; add rbx, rax; ret, one behind the other
      a.mov(rdi, at.otherCode).mov(eax, ecx).and(eax, 31).shl(eax, 4).add(rdi, rax)
      a.mov(mem8(rdi), 0xb8).mov(mem32({ base: rdi, displacement: 1 }), ecx)
      a.mov(mem32({ base: rdi, displacement: 5 }), 0xc3c3_0148 | 0).mov(mem8({ base: rdi, displacement: 8 }), 0xc3)
      a.call(rdi).dec(ecx).jne('round').hlt()
    },
  },
  {
    name: 'data beside hot code in one page',
    mode: 'long',
    write: (a) => {
      a.jmp('start').align(64).label('counter').dq(0n).align(64).label('start')
      loop(a, rounds, () => a.inc(mem64('counter')).add(rbx, mem64('counter')))
    },
  },
  {
    name: 'a page of code that comes and goes under one address',
    mode: 'long',
    elsewhere: [
      { address: at.otherCode, write: (a) => a.add(rbx, 3).ret() },
      { address: at.otherCode + 0x1000, write: (a) => a.add(rbx, 11).shl(rbx, 1).ret() },
    ],
    write: (a) =>
      loop(a, rounds, () => {
        a.mov(eax, ecx)
          .and(eax, 1)
          .shl(eax, 12)
          .add(eax, at.otherCode | 7)
        a.mov(mem64(at.tables + 0x3000 + (0x1_c000 >>> 9)), rax)
          .invlpg(mem8(0x1_c000))
          .mov(rdx, 0x1_c000)
          .call(rdx)
      }),
  },
  {
    name: 'in 32-bit code',
    mode: 'protected',
    write: (a) =>
      loop(a, rounds, () =>
        a
          .mov(mem8(label('patched', 1)), cl)
          .label('patched')
          .mov(al, 0)
          .add(ebx, eax),
      ),
  },
  {
    name: 'in real mode, through another segment',
    mode: 'real',
    write: (a) => {
      a.mov(ecx, rounds).label('round').mov(eax, ecx)
      a.mov(mem8({ displacement: label('patched', 1), segment: cs }), al)
        .label('patched')
        .mov(al, 0)
      a.add(ebx, eax).dec(ecx).jne('round').hlt()
    },
  },
]
