import {
  type Address,
  eax,
  ebp,
  ebx,
  ecx,
  edi,
  edx,
  esi,
  esp,
  type Memory,
  mem32,
  mem64,
  type Register,
  rax,
  rbp,
  rbx,
  rcx,
  rdi,
  rdx,
  rsi,
  rsp,
} from '@vmm/x86-assembler'

/** Bits of a guest's code. */
export type Width = 32 | 64

/** The eight registers that code of both widths has, as wide as the code's addresses, and memory of that width. */
export interface Words {
  readonly a: Register
  readonly b: Register
  readonly c: Register
  readonly d: Register
  readonly si: Register
  readonly di: Register
  readonly bp: Register
  readonly sp: Register
  readonly bytes: 4 | 8
  readonly mem: (address: Address) => Memory
}

/** Registers and memory of a width. */
export const wordsOf: Readonly<Record<Width, Words>> = {
  32: { a: eax, b: ebx, c: ecx, d: edx, si: esi, di: edi, bp: ebp, sp: esp, bytes: 4, mem: (at) => mem32(at) },
  64: { a: rax, b: rbx, c: rcx, d: rdx, si: rsi, di: rdi, bp: rbp, sp: rsp, bytes: 8, mem: (at) => mem64(at) },
}
