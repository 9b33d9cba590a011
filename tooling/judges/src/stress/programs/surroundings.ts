import {
  al,
  ax,
  cl,
  cr8,
  dx,
  eax,
  ebx,
  ecx,
  edi,
  edx,
  esi,
  fs,
  mem8,
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

/** What asks devices, clocks and tables, in hot loops: answers go by the exact count of instructions. */
export const surroundings: readonly Program[] = [
  {
    name: 'ports',
    mode: 'long',
    write: (a) =>
      loop(a, 120, () =>
        a
          .in(al, 0x71)
          .add(rbx, rax)
          .mov(dx, 0x3fd)
          .in(eax, dx)
          .xor(rbx, rax)
          .out(dx, al)
          .mov(eax, ebx)
          .out(0x80, eax)
          .nop()
          .in(ax, 0x40)
          .adc(rbx, rax),
      ),
  },
  {
    name: 'ports in a loop without anything else',
    mode: 'long',
    write: (a) => loop(a, 200, () => a.out(0x80, al)),
  },
  {
    name: 'strings from and to ports',
    mode: 'long',
    write: (a) => {
      a.mov(edi, 30)
        .label('round')
        .push(rdi)
        .mov(dx, 0x1f0)
        .mov(ecx, 9)
        .mov(rdi, at.data + 0xff8)
        .cld()
        .rep()
        .insw()
        .mov(rsi, at.data + 0xff8)
        .mov(ecx, 9)
        .rep()
        .outsb()
        .pop(rdi)
        .dec(edi)
        .jne('round')
        .hlt()
    },
  },
  {
    name: 'registers of a device',
    mode: 'long',
    write: (a) => {
      a.mov(rdi, at.device)
      loop(a, 120, () =>
        a
          .mov(eax, mem32(rdi))
          .add(rbx, rax)
          .mov(mem32({ base: rdi, displacement: 4 }), ebx)
          .adc(rbx, mem64({ base: rdi, displacement: 8 }))
          .inc(mem8({ base: rdi, displacement: 0x11 }))
          .xadd(mem32({ base: rdi, displacement: 0x20 }), eax),
      )
    },
  },
  {
    name: 'an access that lies half in memory and half where none is',
    mode: 'long',
    write: (a) => {
      // memory ends here, and its last page is followed by a device
      const page = at.alias + at.end
      a.mov(rax, at.device | 7)
        .mov(mem64(at.tables + 0x3000 + (page >>> 9)), rax)
        .invlpg(mem8(page))
        .mov(rdi, page - 4)
      loop(a, 80, () => a.mov(rax, mem64(rdi)).add(rbx, rax).mov(mem64(rdi), rbx).add(mem64(rdi), 3))
    },
  },
  {
    name: 'a pointer that is now memory and now a device',
    mode: 'long',
    write: (a) =>
      loop(a, 150, () =>
        a
          .mov(rdi, at.data)
          .test(ecx, 8)
          .je('memory')
          .mov(rdi, at.device)
          .label('memory')
          .add(mem64(rdi), rcx)
          .add(rbx, mem64(rdi))
          .adc(rdx, rbx),
      ),
  },
  {
    // KVM's emulator knows no FST: the processor stops before it, and the x87 points to the instruction before
    name: 'an x87 store to a device, in the end',
    mode: 'long',
    endsInFault: true,
    write: (a) => {
      a.mov(rdi, at.data).fninit()
      loop(a, 60, () =>
        a
          .fld1()
          .fst(mem32(rdi))
          .fsqrt()
          .fstp(mem64({ base: rdi, displacement: 8 }))
          .cmp(ecx, 2)
          .jne('memory')
          .mov(rdi, at.device)
          .label('memory'),
      )
    },
  },
  {
    name: 'strings to a device',
    mode: 'long',
    write: (a) => {
      a.mov(edx, 20)
        .label('round')
        .mov(rdi, at.device + 0x10)
        .mov(rsi, at.data)
        .mov(ecx, 12)
        .cld()
        .rep()
        .movsd()
        .mov(rsi, at.device)
        .mov(rdi, at.data + 4)
        .mov(ecx, 7)
        .rep()
        .movsq()
        .mov(rdi, at.device)
        .mov(ecx, 5)
        .rep()
        .stosb()
        .add(rbx, mem64(at.data + 12))
        .dec(edx)
        .jne('round')
        .hlt()
    },
  },
  {
    name: 'the time-stamp counter',
    mode: 'long',
    write: (a) => {
      a.mov(esi, 150)
        .label('round')
        .rdtsc()
        .add(rbx, rax)
        .nop()
        .rdtsc()
        .sub(rbx, rax)
        .test(esi, 1)
        .je('on')
        .nop()
        .label('on')
      a.rdtscp().add(rbx, rax).adc(rbx, rcx).dec(esi).jne('round').hlt()
    },
  },
  {
    name: 'CPUID',
    mode: 'long',
    write: (a) => {
      a.mov(esi, 60)
        .label('round')
        .mov(eax, esi)
        .and(eax, 15)
        .xor(ecx, ecx)
        .cpuid()
        .add(rdi, rax)
        .rol(rdi, 1)
        .add(rdi, rbx)
        .adc(rdi, rcx)
        .xor(rdi, rdx)
        .dec(esi)
        .jne('round')
        .hlt()
    },
  },
  {
    name: 'MSRs',
    mode: 'long',
    write: (a) => {
      a.mov(edi, 80)
        .label('round')
        .mov(ecx, 0xc000_0102)
        .mov(eax, edi)
        .xor(edx, edx)
        .wrmsr()
        .rdmsr()
        .add(rbx, rax)
        .swapgs()
        .mov(ecx, 0x10)
        .rdmsr()
        .add(rbx, rax)
        .mov(ecx, 0xc000_0101)
        .rdmsr()
        .xor(rbx, rax)
        .mov(rsi, at.data)
        .add(rbx, mem64({ base: rsi, displacement: 8 }))
        .dec(edi)
        .jne('round')
        .hlt()
    },
  },
  {
    name: 'bases of FS and GS that change in a loop',
    mode: 'long',
    write: (a) => {
      a.mov(edi, 80)
        .label('round')
        .mov(ecx, 0xc000_0100)
        .mov(eax, edi)
        .shl(eax, 3)
        .add(eax, at.data)
        .xor(edx, edx)
        .wrmsr()
      a.mov(mem64({ displacement: 0, segment: fs }), rdi)
        .add(rbx, mem64({ displacement: 8, segment: fs }))
        .adc(rbx, mem64({ displacement: 0, segment: fs }))
        .dec(edi)
        .jne('round')
        .hlt()
    },
  },
  {
    name: 'CR8 and interrupts that it keeps off',
    mode: 'long',
    write: (a) =>
      loop(a, 80, () => a.mov(rax, rcx).and(eax, 15).mov(cr8, rax).add(rbx, rax).mov(rdx, cr8).adc(rbx, rdx)),
  },
  {
    name: 'RDRAND',
    mode: 'long',
    write: (a) => loop(a, 80, () => a.rdrand(rax).adc(rbx, rax).nop().rdrand(edx).adc(rbx, rdx)),
  },
  {
    name: 'code that a device gives',
    mode: 'long',
    deviceCode: (a) => a.label('inner').add(rbx, rcx).rol(rbx, 3).dec(edx).jne('inner').ret(),
    write: (a) => loop(a, 20, () => a.mov(rsi, at.codeDevice).mov(edx, 4).call(rsi)),
  },
  {
    name: 'code that goes on from memory into a device',
    mode: 'long',
    deviceCode: (a) => a.add(rbx, 7).dec(ecx).je('over').jmp(rsi).label('over').hlt(),
    memory: [
      [
        at.tables + 0x3000 + ((at.codeDevice - 0x1000) >>> 9),
        Uint8Array.of(7, at.otherCode >>> 8, at.otherCode >>> 16, 0, 0, 0, 0, 0),
      ],
    ],
    elsewhere: [{ address: at.otherCode + 0xff0, write: (a) => a.inc(rbx).org(at.otherCode + 0x1000, 0x90) }],
    write: (a) =>
      a
        .mov(ecx, 30)
        .mov(rsi, at.codeDevice - 0x10)
        .jmp(rsi),
  },
  {
    name: 'locked operations',
    mode: 'long',
    write: (a) => {
      a.mov(rdi, at.data + 0xffc)
      loop(a, 100, () =>
        a
          .lock()
          .add(mem32(rdi), ebx)
          .lock()
          .xadd(mem64(rdi), rbx)
          .mov(rax, mem64({ base: rdi, displacement: 8 }))
          .lock()
          .cmpxchg(mem64({ base: rdi, displacement: 8 }), rcx)
          .adc(rbx, rax)
          .xchg(mem32(rdi), ebx)
          .lock()
          .btc(mem32(rdi), ecx),
      )
    },
  },
  {
    name: 'a port that changes what the block does',
    mode: 'long',
    stores: [
      { address: at.data, bytes: Uint8Array.of(1, 2, 3, 4) },
      { address: at.data, bytes: Uint8Array.of(9, 8, 7, 6) },
    ],
    write: (a) =>
      loop(a, 120, () =>
        a.mov(eax, ecx).and(eax, 1).add(rbx, mem64(at.data)).out(port.store, eax).add(rbx, mem64(at.data)).rol(rbx, 1),
      ),
  },
  {
    name: 'MONITOR and PAUSE',
    mode: 'long',
    write: (a) =>
      loop(a, 60, () =>
        a
          .pause()
          .mov(rdx, rcx)
          .mov(eax, at.data)
          .xor(ecx, ecx)
          .push(rdx)
          .xor(edx, edx)
          .monitor()
          .pop(rcx)
          .mov(mem8(at.data), cl)
          .add(rbx, rcx)
          .pause(),
      ),
  },
  {
    name: 'ports in real mode',
    mode: 'real',
    write: (a) => {
      a.mov(ecx, 120)
        .label('round')
        .in(al, 0x71)
        .add(ebx, eax)
        .mov(mem32(0x4000), ebx)
        .out(0x80, al)
        .adc(ebx, mem32(0x4000))
        .dec(ecx)
        .jne('round')
        .hlt()
    },
  },
]
