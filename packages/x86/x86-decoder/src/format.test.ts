import { describe, expect, test } from 'vitest'
import { type CodeSize, disassemble } from './index.ts'

function text(hex: string, codeSize: CodeSize = 64, at?: bigint): string {
  const bytes = Uint8Array.from(hex.split(' '), (byte) => Number.parseInt(byte, 16))
  const result = disassemble(bytes, at === undefined ? { codeSize } : { codeSize, at })
  return result.kind === 'instruction' ? result.text : result.kind
}

describe('Intel syntax', () => {
  test('memory shows its size, segment, base, scaled index and signed displacement', () => {
    expect(text('f0 64 48 01 54 c8 f0')).toBe('lock add qword ptr fs:[rax+rcx*8-0x10], rdx')
    expect(text('0f b6 87 00 01 00 00')).toBe('movzx eax, byte ptr [rdi+0x100]')
    expect(text('66 0f 6f 04 24')).toBe('movdqa xmm0, xmmword ptr [rsp]')
  })

  test('16-bit addresses name their base and index', () => {
    expect(text('8b 00', 16)).toBe('mov ax, word ptr [bx+si]')
    expect(text('8b 46 fe', 16)).toBe('mov ax, word ptr [bp-2]')
    expect(text('a1 34 12', 16)).toBe('mov ax, word ptr [0x1234]')
  })

  test('branches and RIP-relative addresses are relative, or absolute when the address is known', () => {
    expect(text('eb fe')).toBe('jmp $+0')
    expect(text('eb f0')).toBe('jmp $-0xe')
    expect(text('eb fe', 64, 0x1000n)).toBe('jmp 0x1000')
    expect(text('48 8d 05 10 00 00 00')).toBe('lea rax, [rip+0x10]')
    expect(text('48 8d 05 10 00 00 00', 64, 0x1000n)).toBe('lea rax, [rel 0x1017]')
  })

  test('sizes that the manual spells apart are spelt apart', () => {
    expect(text('48 98')).toBe('cdqe')
    expect(text('f3 48 a5')).toBe('rep movsq')
    expect(text('f2 64 ae')).toBe('repne fs scasb')
    expect(text('67 e3 00')).toBe('jecxz $+3')
    expect(text('48 cf')).toBe('iretq')
    expect(text('48 0f c7 0f')).toBe('cmpxchg16b xmmword ptr [rdi]')
  })

  test('far pointers and bounds show their whole size', () => {
    expect(text('ff 2d 00 00 00 00', 32)).toBe('jmpf fword ptr [0]')
    expect(text('ea 78 56 34 12 08 00', 32)).toBe('jmpf 8:0x12345678')
    expect(text('62 00', 32)).toBe('bound eax, qword ptr [eax]')
  })

  test('byte registers depend on REX', () => {
    expect(text('88 e0')).toBe('mov al, ah')
    expect(text('40 88 e0')).toBe('mov al, spl')
    expect(text('45 88 c1')).toBe('mov r9b, r8b')
  })

  test('x87, MMX, control and segment registers have their names', () => {
    expect(text('d8 c1')).toBe('fadd st(0), st(1)')
    expect(text('0f 6f c1')).toBe('movq mm0, mm1')
    expect(text('44 0f 22 c0')).toBe('mov cr8, rax')
    expect(text('8e d8')).toBe('mov ds, ax')
  })

  test('vectors show mask, zeroing, broadcast, rounding and an index that is a vector', () => {
    expect(text('c5 f4 58 c2')).toBe('vaddps ymm0, ymm1, ymm2')
    expect(text('62 f1 74 c9 58 c2')).toBe('vaddps zmm0 {k1} {z}, zmm1, zmm2')
    expect(text('62 f1 74 58 58 40 01')).toBe('vaddps zmm0, zmm1, dword ptr [rax+4]{1to16}')
    expect(text('62 f1 7c 58 5a 00')).toBe('vcvtps2pd zmm0, dword ptr [rax]{1to8}')
    expect(text('62 f1 74 78 58 c2')).toBe('vaddps zmm0, zmm1, zmm2, {rz-sae}')
    expect(text('62 f2 7d 4a 92 44 88 02')).toBe('vgatherdps zmm0 {k2}, dword ptr [rax+zmm1*4+8]')
    expect(text('62 a1 74 40 58 c2')).toBe('vaddps zmm16, zmm17, zmm18')
  })

  test('opmask registers, bounds and tiles have their names', () => {
    expect(text('c5 f4 41 c2')).toBe('kandw k0, k1, k2')
    expect(text('66 0f 1a c1')).toBe('bndmov bnd0, bnd1')
    expect(text('c4 e2 73 5e c2')).toBe('tdpbssd tmm0, tmm2, tmm1')
  })

  test('3DNow!, XOP and FMA4 have their opcodes and registers behind the address', () => {
    expect(text('0f 0f 48 10 9e')).toBe('pfadd mm1, qword ptr [rax+0x10]')
    expect(text('8f e9 78 81 c1')).toBe('vfrczpd xmm0, xmm1')
    expect(text('c4 e3 f9 69 00 30')).toBe('vfmaddpd xmm0, xmm0, xmm3, xmmword ptr [rax]')
  })

  test('immediates are unsigned at the width they are used with', () => {
    expect(text('48 83 c0 ff')).toBe('add rax, 0xffffffffffffffff')
    expect(text('6a ff', 32)).toBe('push 0xffffffff')
    expect(text('48 b8 ef cd ab 89 67 45 23 01')).toBe('mov rax, 0x123456789abcdef')
  })
})
