import { pseudoRandom } from '@vmm/device'
import {
  type Assembler,
  al,
  ax,
  dx,
  eax,
  ebp,
  ebx,
  ecx,
  edi,
  edx,
  esi,
  mem,
  mem8,
  mem16,
  mem32,
  mem48,
  mem64,
  mem80,
  mem128,
  mm0,
  st0,
  xmm0,
} from '@vmm/x86-assembler'
import { describe, expect, test } from 'vitest'
import { onBoard } from './processor-on-board.ts'

/** The test device's memory behind MMIO, and ordinary memory of the same length. */
const window = { device: 0xff00_0000, memory: 0x4_0000, bytes: 0x1400 } as const
const source = 0x2_0000
const sample = pseudoRandom(7)
const content = Uint8Array.from({ length: window.bytes }, () => sample() & 0xff)

type Access = (a: Assembler, place: { readonly base: typeof ebp; readonly displacement: number }) => unknown

const accesses: Readonly<Record<string, Access>> = {
  'stores of a byte, a word and a doubleword': (a, m) => {
    a.mov(eax, 0x1122_3344).mov(mem8(m), al)
    a.mov(mem16({ ...m, displacement: m.displacement + 1 }), ax)
    a.mov(mem32({ ...m, displacement: m.displacement + 3 }), eax)
  },
  'loads of every width': (a, m) => a.mov(eax, mem32(m)).movzx(ecx, mem16(m)).movsx(edx, mem8(m)).add(eax, mem32(m)),
  'read-modify-writes': (a, m) => a.mov(eax, 77).add(mem32(m), eax).not(mem16(m)).shl(mem8(m), 3).bts(mem32(m), 21),
  'locked ones': (a, m) => a.mov(eax, 0x0101_0101).lock().xadd(mem32(m), eax).lock().inc(mem16(m)).xchg(mem8(m), al),
  'CMPXCHG8B that matches, and one that does not': (a, m) => {
    a.mov(eax, mem32(m)).mov(edx, mem32({ ...m, displacement: m.displacement + 4 }))
    a.mov(ecx, 0x0a0b_0c0d).mov(ebx, 0x0102_0304).lock().cmpxchg8b(mem64(m)).inc(eax).lock().cmpxchg8b(mem64(m))
  },
  'MMX registers': (a, m) => a.movq(mm0, mem64(source)).paddb(mm0, mem64(m)).movq(mem64(m), mm0).emms(),
  'XMM registers': (a, m) => a.movdqu(xmm0, mem128(m)).pxor(xmm0, mem128(source)).movdqu(mem128(m), xmm0),
  'x87 registers of eighty bits': (a, m) => a.fld(mem80(m)).fld(mem80(source)).fstp(mem80(m)).fstp(st0),
  'integers of the x87': (a, m) => a.fild(mem64(m)).fchs().fistp(mem64(m)),
  'pseudo-descriptors': (a, m) => a.sidt(mem48(m)).mov(eax, mem32(m)),
  'the stack': (a, m) => a.push(mem32(m)).push(source).pop(mem32(m)).pop(eax),
  'a string into it': (a, m) => a.lea(edi, mem32(m)).mov(esi, source).mov(ecx, 37).cld().rep().movsd(),
  'a string out of it': (a, m) => a.lea(esi, mem32(m)).mov(edi, source).mov(ecx, 37).cld().rep().movsw(),
  'a string within it, downwards': (a, m) => {
    a.lea(esi, mem32(m))
      .lea(edi, mem32({ ...m, displacement: m.displacement - 5 }))
      .mov(ecx, 60)
      .std()
    a.rep().movsb().cld()
  },
  'a fill': (a, m) => a.lea(edi, mem32(m)).mov(eax, 0x5a5a_a5a5).mov(ecx, 300).cld().rep().stosb(),
  'a comparison': (a, m) => a.lea(esi, mem32(m)).lea(edi, mem32(m)).mov(ecx, 99).cld().repe().cmpsb(),
}

/** On a boundary, off one, in two pages by halves, and by one byte. */
const places = [0x100, 0x103, 0xffc, 0xffe, 0xfff]

const machine = onBoard()

function outcome(access: Access, displacement: number, base: number) {
  const { board, engine, vcpu } = machine
  engine.writePhysical(source, content.toReversed())
  engine.writePhysical(window.memory, content)
  for (const [at, byte] of content.entries()) board.writeMemory(0, window.device + at, 1, byte)
  const end = machine.run((a) => {
    a.mov(ebp, base)
    access(a, { base: ebp, displacement })
    a.hlt()
  })
  const inside = Array.from({ length: window.bytes }, (_, at) =>
    base === window.device ? board.readMemory(0, base + at, 1) : engine.physical(base + at)![0]!,
  )
  const { rax, rcx, rdx, rsi, rdi, rflags } = vcpu.state.getRegs()
  const offset = (pointer: bigint) =>
    pointer >= BigInt(base) && pointer < BigInt(base + 0x1_0000) ? pointer - BigInt(base) : pointer
  return {
    end,
    rax,
    rcx,
    rdx,
    rsi: offset(rsi),
    rdi: offset(rdi),
    rflags,
    inside,
    source: engine.physical(source)!.slice(0, 256),
  }
}

describe('a device whose window is plain memory is memory to', () => {
  test.each(Object.entries(accesses))('%s', (_name, access) => {
    for (const place of places)
      expect([place, outcome(access, place, window.device)]).toEqual([place, outcome(access, place, window.memory)])
  })

  test('FXSAVE and FXRSTOR', () => {
    const access: Access = (a, m) => a.fld(mem80(source)).fxsave(mem(m)).fninit().fxrstor(mem(m)).fstp(mem80(m))
    for (const place of [0x100, 0xf00])
      expect(outcome(access, place, window.device)).toEqual(outcome(access, place, window.memory))
  })
})

/** Ports and addresses where devices are, and their neighbours. */
const ports = [
  0x20, 0xa1, 0x40, 0x43, 0x60, 0x61, 0x64, 0x6f, 0x70, 0x71, 0x92, 0xe0, 0xe3, 0xe6, 0xf3, 0x3f7, 0x3fa, 0x3ff, 0x4d0,
  0x50f, 0x510, 0x511, 0x514, 0x517, 0x518, 0x5ff, 0x601, 0x604, 0x606, 0x60a, 0xcf8, 0xcfa, 0xcfb, 0xcfd, 0x1fff,
  0x2017, 0x8900, 0xc000, 0xffff,
]
const addresses = [0xfebf_f000, 0xfec0_0000, 0xfee0_0000, 0xfee0_0ff0, 0xff00_fff0, 0xffff_fff0, 0xd000_0000]

/** One access of a random width at a random place, aligned or not. */
function anyAccess(a: Assembler, next: () => number): void {
  const port = ports[next() % ports.length]!
  const sum = addresses[next() % addresses.length]! + (next() & 0x3ff)
  // no access runs over the end of its segment
  const address = sum < 2 ** 32 ? Math.min(sum, 0xffff_fff0) : sum - 2 ** 32
  const kinds: readonly (() => unknown)[] = [
    () => a.in(al, dx),
    () => a.in(ax, dx),
    () => a.in(eax, dx),
    () => a.out(dx, al),
    () => a.out(dx, ax),
    () => a.out(dx, eax),
    () => a.mov(mem8(address), al),
    () => a.mov(mem16(address), ax),
    () => a.mov(mem32(address), eax),
    () => a.mov(eax, mem32(address)),
    () => a.lock().xadd(mem16(address), ax),
    () => a.movdqu(mem128(address), xmm0),
    () => a.movdqu(xmm0, mem128(address)),
    () => a.movq(mem64(address), mm0),
    () => a.fld(mem80(address)).fstp(st0),
    () =>
      a
        .mov(edi, address)
        .mov(ecx, next() % 9)
        .rep()
        .stosw(),
    () =>
      a
        .mov(edi, source)
        .mov(ecx, next() % 9)
        .rep()
        .insd(),
    () =>
      a
        .mov(esi, source)
        .mov(ecx, next() % 9)
        .rep()
        .outsb(),
  ]
  a.mov(edx, port).mov(eax, (next() << 8) ^ next())
  kinds[next() % kinds.length]!()
}

test.each([1, 2, 3, 4, 5, 6])('whatever code does to ports and devices, it goes on behind it (seed %i)', (seed) => {
  const next = pseudoRandom(seed * 1000)
  machine.engine.writePhysical(source, content)
  const end = machine.run((a) => {
    // x87 errors are no exceptions
    a.fninit()
    for (let count = 0; count < 600; count += 1) anyAccess(a, next)
    a.hlt()
  })
  expect(end).toEqual({ kind: 'hlt' })
  expect(machine.board.restore(machine.board.save())).toBeUndefined()
})
