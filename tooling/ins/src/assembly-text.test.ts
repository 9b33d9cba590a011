import { expect, test } from 'vitest'
import { assembleText } from './assembly-text.ts'
import { hexText } from './items.ts'

const hex = (text: string, codeSize: 16 | 32 | 64 = 64) => hexText(assembleText(text, codeSize, 0x1000))

test('the formatter’s words become bytes', () => {
  expect(hex('lock add qword ptr fs:[rax+rcx*8-0x10], rdx')).toBe('f064480154c8f0')
  expect(hex('rep movsd')).toBe('f3a5')
  expect(hex('pushf')).toBe('669c')
  expect(hex('pushfq')).toBe('9c')
  expect(hex('jz 0x1010')).toBe('740e')
  expect(hex('o32 jz 0x1010', 16)).toBe('66740d')
  expect(hex('o16 push fs')).toBe('660fa0')
  expect(hex('callf 8:0x20', 32)).toBe('9a200000000800')
  expect(hex('mov eax, dword ptr [rel 0x1010]')).toBe('8b050a000000')
  expect(hex('fadd st(0), st(3)')).toBe('d8c3')
  expect(hex('mov ax, word ptr [bx+si]', 16)).toBe('8b00')
})

test('what is no operand is refused', () => {
  expect(() => hex('add eax, frob')).toThrow('not an operand: frob')
})
