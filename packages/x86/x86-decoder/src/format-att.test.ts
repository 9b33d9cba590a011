import { describe, expect, test } from 'vitest'
import { type CodeSize, disassemble, formatAtt } from './index.ts'

function text(hex: string, codeSize: CodeSize = 64, at?: bigint): string {
  const bytes = Uint8Array.from(hex.split(' '), (byte) => Number.parseInt(byte, 16))
  const options = { codeSize, format: formatAtt }
  const result = disassemble(bytes, at === undefined ? options : { ...options, at })
  return result.kind === 'instruction' ? result.text : result.kind
}

describe('AT&T syntax', () => {
  test('has the source first, and addresses as displacement, base, index and scale', () => {
    expect(text('f0 64 48 01 54 c8 f0')).toBe('lock add %rdx,%fs:-0x10(%rax,%rcx,8)')
    expect(text('48 83 c0 ff')).toBe('add $0xffffffffffffffff,%rax')
    expect(text('8b 46 fe', 16)).toBe('mov -0x2(%bp),%ax')
    expect(text('48 8d 05 10 00 00 00')).toBe('lea 0x10(%rip),%rax')
    expect(text('8b 04 8d 00 00 00 00')).toBe('mov 0x0(,%rcx,4),%eax')
  })

  test('has a suffix where no register says the size', () => {
    expect(text('c6 00 01')).toBe('movb $0x1,(%rax)')
    expect(text('48 ff 00')).toBe('incq (%rax)')
    expect(text('66 6a 01')).toBe('pushw $0x1')
    expect(text('66 ff 30')).toBe('pushw (%rax)')
    expect(text('48 cf')).toBe('iretq')
    expect(text('db 28')).toBe('fldt (%rax)')
    expect(text('df 28')).toBe('fildll (%rax)')
  })

  test('spells extensions, conversions and far branches its own way', () => {
    expect(text('0f b6 87 00 01 00 00')).toBe('movzbl 0x100(%rdi),%eax')
    expect(text('48 63 c8')).toBe('movslq %eax,%rcx')
    expect(text('48 98')).toBe('cltq')
    expect(text('ea 78 56 34 12 08 00', 32)).toBe('ljmp $0x8,$0x12345678')
    expect(text('48 b8 ef cd ab 89 67 45 23 01')).toBe('movabs $0x123456789abcdef,%rax')
  })

  test('has a star before what an indirect branch goes through', () => {
    expect(text('ff e0')).toBe('jmp *%rax')
    expect(text('3e ff e0')).toBe('notrack jmp *%rax')
    expect(text('ff 10')).toBe('call *(%rax)')
    expect(text('eb fe', 64, 0x1000n)).toBe('jmp 0x1000')
    expect(text('eb fe')).toBe('jmp .+0x0')
  })

  test('exchanges subtractions and divisions of x87 as ever', () => {
    expect(text('d8 e1')).toBe('fsub %st(1),%st')
    expect(text('dc e9')).toBe('fsubr %st,%st(1)')
    expect(text('de f9')).toBe('fdivrp %st,%st(1)')
  })

  test('shows what string instructions work on', () => {
    expect(text('f3 48 a5')).toBe('rep movsq %ds:(%rsi),%es:(%rdi)')
    expect(text('f2 64 ae')).toBe('repne scas %es:(%rdi),%al')
    expect(text('6e', 16)).toBe('outsb %ds:(%si),(%dx)')
    expect(text('d7')).toBe('xlat %ds:(%rbx)')
  })

  test('has masks behind the destination and rounding before all', () => {
    expect(text('62 f1 74 c9 58 c2')).toBe('vaddps %zmm2,%zmm1,%zmm0{%k1}{z}')
    expect(text('62 f1 74 58 58 40 01')).toBe('vaddps 0x4(%rax){1to16},%zmm1,%zmm0')
    expect(text('62 f1 74 78 58 c2')).toBe('vaddps {rz-sae},%zmm2,%zmm1,%zmm0')
    expect(text('62 f2 7d 4a 92 44 88 02')).toBe('vgatherdps 0x8(%rax,%zmm1,4),%zmm0{%k2}')
    expect(text('c5 fd 5a 00')).toBe('vcvtpd2psy (%rax),%xmm0')
  })
})
