import {
  type Assembler,
  al,
  ax,
  cr0,
  cr3,
  cr4,
  ds,
  eax,
  ebx,
  ecx,
  edi,
  edx,
  es,
  esp,
  far,
  mem,
  mem16,
  mem32,
  mem64,
  rax,
  rbx,
  rcx,
  rdx,
  rsi,
  rsp,
  ss,
} from '@vmm/x86-assembler'
import { at, selector } from '../layout.ts'
import type { Program } from '../program.ts'

const [PE, PG, PAE] = [1, 1 << 31, 0x20]
const efer = 0xc000_0080
const rounds = 60

/** Far jump to a label whose selector and size are another mode's. */
const jumpFar = (a: Assembler, code: number, to: string): Assembler => a.jmpf(far(code, to))

/** The same bytes in code of every size: what they do goes by the mode. */
const sameBytes = [0x40, 0x01, 0xc3, 0x66, 0x01, 0xda, 0x40, 0x11, 0xd3] as const

/** Programs that change what their code means. */
export const modes: readonly Program[] = [
  {
    name: '64-bit code and compatibility mode in turns, over the same bytes',
    mode: 'long',
    write: (a) => {
      a.mov(ecx, rounds).label('wide').bytes(sameBytes).dec(ecx).je('over')
      a.push(selector.code32).mov(rax, 'narrow').push(rax).retfq()
      a.label('over').hlt()
      a.bits(32).label('narrow').bytes(sameBytes).dec(ecx).je('done')
      jumpFar(a, selector.code64, 'wide').label('done').hlt()
    },
  },
  {
    name: 'one piece of code that is called from 64-bit code and from compatibility mode',
    mode: 'long',
    // SHARED: 40 01 C3 is ADD EBX,EAX with a prefix, or INC EAX; ADD EBX,EAX
    write: (a) => {
      a.mov(ecx, rounds)
        .label('wide')
        .mov(eax, ecx)
        .call('shared')
        .push(selector.code32)
        .mov(rax, 'narrow')
        .push(rax)
        .retfq()
      a.label('shared').bytes(sameBytes).ret()
      a.bits(32).label('narrow').mov(eax, ecx).call('shared').dec(ecx).je('done')
      jumpFar(a, selector.code64, 'wide').label('done').hlt()
    },
  },
  {
    name: 'real and protected mode in turns',
    mode: 'real',
    fields: { 'GDTR.base': BigInt(at.gdt), 'GDTR.limit': 0x57n },
    memory: [[at.gdt, descriptorsOf16()]],
    write: (a) => {
      a.mov(ecx, rounds)
        .label('real')
        .bytes(sameBytes)
        .mov(eax, cr0)
        .or(al, PE)
        .mov(cr0, eax)
        .jmpf(far(0x08, 'protected'))
      a.label('protected').bytes(sameBytes).mov(eax, 0x10).mov(ds, ax).mov(mem32(0x4000), ebx).add(edx, mem32(0x4000))
      a.mov(eax, cr0)
        .and(al, 0xfe)
        .mov(cr0, eax)
        .jmpf(far(at.code >>> 4, 'back'))
      a.label('back').xor(eax, eax).mov(ds, ax).add(ebx, mem32(0x4000)).dec(ecx).jne('real').hlt()
    },
  },
  {
    name: 'a loop that turns protected mode on and off without a jump',
    mode: 'real',
    write: (a) => {
      a.mov(ecx, rounds)
        .label('round')
        .mov(eax, cr0)
        .xor(al, PE)
        .mov(cr0, eax)
        .bytes(sameBytes)
        .mov(mem16(0x4000), ax)
        .add(ebx, mem32(0x4000))
        .dec(ecx)
        .jne('round')
        .hlt()
    },
  },
  {
    name: 'protected mode, then 64-bit mode and back, again and again',
    mode: 'protected',
    memory: treeAt(at.tables),
    write: (a) => {
      a.mov(edi, 20).mov(eax, at.tables).mov(cr3, eax)
      a.label('narrow')
        .bytes(sameBytes)
        .mov(eax, cr4)
        .or(eax, PAE)
        .mov(cr4, eax)
        .mov(ecx, efer)
        .rdmsr()
        .or(eax, 0x100)
        .wrmsr()
      a.mov(eax, cr0).or(eax, PG).mov(cr0, eax).bytes(sameBytes).jmpf(far(selector.code64, 'wide'))
      a.bits(64)
        .label('wide')
        .bytes(sameBytes)
        .mov(rax, 0x1_0000_0001n)
        .add(rbx, rax)
        .push(selector.code32)
        .mov(rax, 'down')
        .push(rax)
        .retfq()
      a.bits(32).label('down').mov(eax, cr0).and(eax, ~PG).mov(cr0, eax).mov(ecx, efer).rdmsr().and(eax, ~0x100).wrmsr()
      a.bytes(sameBytes).dec(edi).jne('narrow').hlt()
    },
  },
  {
    name: 'paging on and off under a loop',
    mode: 'protected',
    fields: { CR4: 0x610n, CR3: BigInt(at.tables) },
    memory: [[at.tables, largePages()]],
    write: (a) => {
      a.mov(ecx, rounds)
        .label('round')
        .mov(eax, cr0)
        .btc(eax, 31)
        .mov(cr0, eax)
        .bytes(sameBytes)
        .mov(mem32(at.data), ebx)
        .add(edx, mem32(at.data))
        .dec(ecx)
        .jne('round')
        .hlt()
    },
  },
  {
    name: 'stacks of 16 and 32 bits',
    mode: 'protected',
    write: (a) => {
      a.mov(ecx, rounds)
        .mov(esp, 0x2_8000)
        .label('round')
        .mov(eax, selector.data16)
        .mov(ss, ax)
        .mov(esp, 0x2_8004)
        .push(eax)
        .push(ebx)
        .pop(edx)
        .pop(eax)
        .add(ebx, esp)
      a.mov(eax, selector.data)
        .mov(ss, ax)
        .mov(esp, 0x2_8004)
        .push(ecx)
        .push(ebx)
        .call('deeper')
        .pop(edx)
        .pop(eax)
        .add(ebx, esp)
        .add(ebx, edx)
        .dec(ecx)
        .jne('round')
        .hlt()
      a.label('deeper')
        .add(ebx, mem32(esp))
        .enter(8, 1)
        .mov(mem32({ base: esp }), ebx)
        .leave()
        .ret()
    },
  },
  {
    name: 'segments whose bases and limits change in a loop',
    mode: 'protected',
    write: (a) => {
      // the descriptor of a data segment gets another base, and another limit, each round
      const descriptor = at.gdt + 0x50
      a.jmp('start').label('vector13').add(ebx, mem32(esp)).add(esp, 4).add(mem32(esp), 6).iretd()
      a.label('start')
        .mov(ecx, rounds)
        .label('round')
        .mov(eax, ecx)
        .shl(eax, 4)
        .mov(mem16(descriptor + 2), ax)
        .and(eax, 0xff0)
        .add(eax, 0x2_0000)
        .mov(mem16(descriptor), ax)
      a.mov(eax, 0x50)
        .mov(es, ax)
        .mov(edx, mem32({ displacement: 0x7000, segment: es }))
        .add(ebx, edx)
      a.mov(eax, mem32({ displacement: 0x10, segment: es }))
        .add(ebx, eax)
        .dec(ecx)
        .jne('round')
        .hlt()
    },
  },
  {
    name: 'a program of CPL 3 and its kernel, over one loop',
    mode: 'long',
    write: (a) => {
      a.jmp('start')
      a.label('shared').add(rbx, rcx).rol(rbx, 3).adc(rdx, rbx).ret()
      a.label('vector128').call('shared').dec(mem32(at.data)).je('over').iretq().label('over').hlt()
      a.label('start')
        .mov(mem32(at.data), rounds)
        .push(selector.userData)
        .push(at.userStack)
        .push(0x202)
        .push(selector.userCode64)
        .mov(rax, 'program')
        .push(rax)
        .iretq()
      a.label('program').inc(rcx).call('shared').int(128).jmp('program')
    },
  },
  {
    name: 'a program of 32-bit code under a 64-bit kernel',
    mode: 'long',
    write: (a) => {
      a.jmp('start')
      a.label('vector128')
        .add(rbx, mem64(rsp))
        .add(rbx, mem64({ base: rsp, displacement: 24 }))
        .dec(mem32(at.data))
        .je('over')
        .iretq()
        .label('over')
        .hlt()
      a.label('start')
        .mov(mem32(at.data), rounds)
        .push(selector.userData)
        .push(at.userStack)
        .push(0x202)
        .push(selector.userCode32)
        .mov(rax, 'program')
        .push(rax)
        .iretq()
      a.bits(32).label('program').bytes(sameBytes).push(ebx).call('inner').pop(edx).int(128).jmp('program')
      a.label('inner')
        .add(eax, mem32({ base: esp, displacement: 4 }))
        .ret()
    },
  },
  {
    name: 'a descriptor table that moves',
    mode: 'long',
    write: (a) => {
      a.mov(rsi, at.gdt).mov(edi, at.data).mov(ecx, 11).cld().rep().movsq()
      a.mov(mem16(at.data + 0x100), 0x57)
        .mov(edx, rounds)
        .label('round')
        .mov(eax, at.gdt)
        .test(edx, 1)
        .je('low')
        .mov(eax, at.data)
        .label('low')
        .mov(mem64(at.data + 0x102), rax)
        .lgdt(mem(at.data + 0x100))
      a.mov(eax, selector.data)
        .mov(ds, ax)
        .mov(es, ax)
        .add(rbx, mem64(at.gdt + 0x10))
        .add(rbx, mem64(at.data + 0x10))
        .dec(edx)
        .jne('round')
        .hlt()
    },
  },
]

/** Flat 16-bit segments over the program's: code at index 1, data at 2. */
function descriptorsOf16(): Uint8Array {
  return bytesOf([0n, 0x0000_9b01_0000_ffffn, 0x0000_9300_0000_ffffn])
}

/** The page tables of 64-bit programs, for those that begin without. */
function treeAt(tree: number): NonNullable<Program['memory']> {
  const link = (level: number) => bytesOf([BigInt(tree + (level + 1) * 0x1000) | 7n])
  const pages = Array.from({ length: at.end / 0x1000 }, (_, page) => BigInt(page * 0x1000) | 7n)
  return [...[0, 1, 2].map((level) => [tree + level * 0x1000, link(level)] as const), [tree + 0x3000, bytesOf(pages)]]
}

/** One page of 4 MiB, with CR4.PSE. */
function largePages(): Uint8Array {
  return bytesOf([0x87n])
}

function bytesOf(words: readonly bigint[]): Uint8Array {
  return new Uint8Array(BigUint64Array.from(words).buffer)
}
