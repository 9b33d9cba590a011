import {
  type Assembler,
  al,
  eax,
  ebx,
  ecx,
  edi,
  edx,
  mem,
  mem8,
  mem32,
  mem64,
  mem128,
  r8,
  rax,
  rbx,
  rcx,
  rdi,
  rdx,
  rsi,
  st0,
  st1,
  xmm0,
  xmm1,
  xmm2,
  xmm3,
} from '@vmm/x86-assembler'
import { place } from './kernel.ts'
import { times } from './loop.ts'

const { free } = place
const page = 4096
const megabyte = 1 << 20

/** Xorshift, a multiplication and additions with carry: registers and flags, no memory. */
export function arithmetic(a: Assembler): void {
  a.mov(rax, 0x1e37_79b9).xor(ebx, ebx)
  times(a, 40_000_000, () => {
    a.mov(rdx, rax).shl(rdx, 13).xor(rax, rdx)
    a.mov(rdx, rax).shr(rdx, 7).xor(rax, rdx)
    a.imul(rdx, rax, 25).add(rbx, rdx).adc(rbx, 0)
  })
}

/** How long the Collatz sequences of the first numbers are: branches that nobody foresees. */
export function branches(a: Assembler): void {
  a.xor(ebx, ebx)
  times(a, 500_000, () => {
    a.mov(rax, rcx)
    a.label('collatz').cmp(rax, 1).je('one').inc(rbx)
    a.test(al, 1).jne('odd').shr(rax, 1).jmp('collatz')
    a.label('odd')
      .lea(rax, mem({ base: rax, index: rax, scale: 2, displacement: 1 }))
      .jmp('collatz')
    a.label('one')
  })
}

/** Primes below four million, a byte each. */
export function sieve(a: Assembler): void {
  const size = 4 * megabyte
  times(a, 2, () => {
    a.push(rcx).mov(rdi, free).mov(rcx, size).mov(al, 1).cld().rep().stosb()
    a.mov(rbx, 2)
    a.label('candidate')
      .cmp(mem8({ base: rbx, displacement: free }), 0)
      .je('composite')
    a.mov(rdx, rbx).add(rdx, rbx)
    a.label('strike').cmp(rdx, size).jae('composite')
    a.mov(mem8({ base: rdx, displacement: free }), 0)
      .add(rdx, rbx)
      .jmp('strike')
    a.label('composite').inc(rbx).cmp(rbx, size).jb('candidate').pop(rcx)
  })
}

/** A list through 16 MiB, seventeen pages a step: each load waits for the one before, and a TLB holds few of the pages. */
export function pointerChase(a: Assembler): void {
  const [cells, stride, mask] = [1 << 18, 17 * page + 64, 16 * megabyte - 64]
  a.xor(edx, edx)
  times(a, cells, () => {
    a.lea(rax, mem({ base: rdx, displacement: stride })).and(rax, mask)
    a.lea(rbx, mem({ base: rax, displacement: free }))
      .mov(mem64({ base: rdx, displacement: free }), rbx)
      .mov(rdx, rax)
  })
  a.mov(rbx, free)
  times(a, 40_000_000, () => a.mov(rbx, mem64(rbx)))
}

/** Fibonacci, the slow way: calls, returns and a stack. */
export function calls(a: Assembler): void {
  a.mov(edi, 35).call('fibonacci').jmp('exit')
  a.label('fibonacci').cmp(edi, 2).jb('small')
  a.push(rdi).dec(edi).call('fibonacci').pop(rdi).push(rax).sub(edi, 2).call('fibonacci')
  a.pop(rdx).add(rax, rdx).ret()
  a.label('small').mov(eax, edi).ret()
}

/** REP MOVS and STOS, of a megabyte and of a page, aligned and not. */
export function stringCopies(a: Assembler): void {
  a.cld()
  times(a, 40, () => {
    a.mov(r8, rcx)
    a.mov(rsi, free)
      .mov(rdi, free + megabyte)
      .mov(ecx, megabyte / 8)
      .rep()
      .movsq()
    a.mov(rsi, free + 1)
      .mov(rdi, free + megabyte)
      .mov(ecx, megabyte)
      .rep()
      .movsb()
    a.mov(rdi, free)
      .mov(ecx, megabyte / 8)
      .rep()
      .stosq()
    a.mov(rcx, r8)
  })
  times(a, 20_000, () => {
    a.mov(r8, rcx)
      .mov(rsi, free)
      .mov(rdi, free + page)
      .mov(ecx, page)
      .rep()
      .movsb()
      .mov(rcx, r8)
  })
}

/** CRC-32 by table over a megabyte, several times: byte loads, and look-ups that depend on each other. */
export function checksum(a: Assembler): void {
  const data = free + page
  times(a, 256, () => {
    a.lea(eax, mem({ base: rcx, displacement: -1 })).mov(edx, 8)
    a.label('bit').shr(eax, 1).jae('clear').xor(eax, 0xedb8_8320)
    a.label('clear').dec(edx).jne('bit')
    a.mov(mem32({ index: rcx, scale: 4, displacement: free - 4 }), eax)
  })
  times(a, 48, () => {
    a.xor(eax, eax).xor(ebx, ebx)
    a.label('byte')
      .mov(edx, eax)
      .xor(al, mem8({ base: rbx, displacement: data }))
      .movzx(edx, al)
      .shr(eax, 8)
    a.xor(eax, mem32({ index: rdx, scale: 4, displacement: free }))
      .inc(rbx)
      .cmp(rbx, megabyte)
      .jb('byte')
  })
}

/** A polynomial in doubles, one at a time as compilers do it: MULSD and ADDSD, conversions and a comparison. */
export function floats(a: Assembler): void {
  a.mov(eax, 3).cvtsi2sd(xmm1, eax).mov(eax, 7).cvtsi2sd(xmm2, eax).divsd(xmm1, xmm2).pxor(xmm0, xmm0)
  times(a, 1_500_000, () => {
    const [small] = [a.unique('small')]
    a.mulsd(xmm0, xmm1).addsd(xmm0, xmm2).cvtsi2sd(xmm3, rcx).mulsd(xmm3, xmm1)
    a.comisd(xmm0, xmm3).ja(small).addsd(xmm0, xmm1).label(small).cvttsd2si(rax, xmm0).add(rbx, rax)
  })
}

/** Quotients, roots and sums of 80 bits. */
export function extendedFloats(a: Assembler): void {
  a.fninit().fldpi()
  times(a, 500_000, () => a.fld1().fdiv(st0, st1).fsqrt().faddp(st1, st0).fsqrt())
}

/** Sums and comparisons of sixteen bytes at a time, as a C library's string functions do it. */
export function packedIntegers(a: Assembler): void {
  times(a, 200, () => {
    a.mov(edx, megabyte).pxor(xmm0, xmm0)
    a.label('vector').movdqu(xmm1, mem128({ base: rdx, displacement: free - 16 }))
    a.pcmpeqb(xmm0, xmm1).pmovmskb(eax, xmm0).paddd(xmm1, xmm1).pxor(xmm0, xmm1)
    a.test(eax, eax).sub(edx, 16).jne('vector')
  })
}
