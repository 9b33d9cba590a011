import { describe, expect, test } from 'vitest'
import { type AssembleOptions, type Assembly, assemble } from '../index.ts'

const hex = (bytes: Iterable<number>): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')

/** The bytes of a text, or its mistakes as line:column. */
function code(text: string, options: AssembleOptions = {}): string {
  const found: Assembly = assemble(text, options)
  if (found.kind === 'program') return hex(found.bytes)
  return found.mistakes.map(({ line, column, message }) => `${line}:${column} ${message}`).join('\n')
}

describe('instructions as text', () => {
  test('have operands as NASM has them, and as the formatter writes them', () => {
    expect(code('mov rax, [rbx+rcx*8-0x10]')).toBe('48 8b 44 cb f0')
    expect(code('add dword ptr fs:[rax], 1')).toBe('64 83 00 01')
    expect(code('add dword [fs:rax], 1')).toBe('64 83 00 01')
    expect(code('lock cmpxchg qword ptr [rbx], rcx')).toBe('f0 48 0f b1 0b')
    expect(code('rep movsq\nfs lodsb')).toBe('f3 48 a5 64 ac')
    expect(code('fadd st(0), st(1)\nfld st(3)')).toBe('d8 c1 d9 c3')
    expect(code('vaddps zmm0 {k1} {z}, zmm1, zmm2, {rz-sae}')).toBe('62 f1 74 f9 58 c2')
    expect(code('vaddps zmm0, zmm1, dword ptr [rax+4]{1to16}')).toBe('62 f1 74 58 58 40 01')
    expect(code('MOV EAX, CR0 ; a comment', { codeSize: 32 })).toBe('0f 20 c0')
  })

  test('of APX are there where they are asked for', () => {
    const apx = (text: string) => code(text, { with: ['APX_F'] })
    expect(apx('mov r16d, 1')).toBe('d5 10 b8 01 00 00 00')
    expect(apx('imul r18d, dword ptr [r16+r17]')).toBe('d5 f0 af 14 08')
    expect(apx('pushp r16')).toBe('d5 18 50')
    expect(apx('jmpabs 0x102030405060708')).toBe('d5 00 a1 08 07 06 05 04 03 02 01')
    expect(apx('add r18, qword ptr [r17+0x7b], r16')).toBe('62 ec ec 10 01 41 7b')
    expect(apx('{nf} neg qword ptr [r16+0x7b]')).toBe('62 fc fc 0c f7 58 7b')
    expect(apx('ccmpb {dfv=of} word ptr [r8+rax*4+0x7b], 0x4d2')).toBe('62 d4 45 02 81 7c 80 7b d2 04')
    expect(apx('ccmpo {dfv=} rbx, rax')).toBe('62 f4 84 00 39 c3')
    expect(apx('cfcmovb r25w, r21w, r17w')).toBe('62 ec 35 14 42 e9')
    expect(apx('push2p r23, r16')).toBe('62 fc c4 10 ff f0')
    expect(apx('vextractps r16d, xmm16, 1')).toBe('62 eb 7d 08 17 c0 01')
    expect(apx('add rax, rbx')).toBe(code('add rax, rbx'))
    expect(code('mov r16d, 1')).toMatch(/^1:1 no form takes these operands/)
    expect(code('add rax, rbx, rcx')).toMatch(/^1:1 no form takes these operands/)
    expect(apx('ccmpo {dfv=af} rbx, rax')).toBe('1:7 no flag of these is called af')
  })

  test('have addresses relative to RIP where a label is memory, or where it is said', () => {
    expect(code('here: lea rax, [here]')).toBe('48 8d 05 f9 ff ff ff')
    expect(code('mov eax, [rel 0x1010]', { origin: 0x1000 })).toBe('8b 05 0a 00 00 00')
    expect(code('here: mov eax, [abs here]', { origin: 0x1000 })).toBe('8b 04 25 00 10 00 00')
    expect(code('mov eax, [rip+0x10]')).toBe('8b 05 10 00 00 00')
  })

  test('have the shortest branches that reach, or those that are asked for', () => {
    expect(code('l: jmp l')).toBe('eb fe')
    expect(code('jmp near l\nl:')).toBe('e9 00 00 00 00')
    expect(code('jz l\nresb 200\nl:').slice(0, 17)).toBe('0f 84 c8 00 00 00')
    expect(code('jmp $')).toBe('eb fe')
    expect(code('jmp 8:0x1234', { codeSize: 16 })).toBe('ea 34 12 08 00')
    expect(code('jmp far [rax]')).toBe('ff 28')
    expect(code('notrack jmp rax')).toBe('3e ff e0')
    expect(code('bnd jmp rax')).toBe('f2 ff e0')
    expect(code('xacquire lock add dword ptr [rax], ecx')).toBe('f0 f2 01 08')
    expect(code('xrelease mov dword ptr [rax], ecx')).toBe('f3 89 08')
  })
})

describe('names and numbers', () => {
  test('are labels, local labels and constants, before they are defined or after', () => {
    expect(code('a:\n.x: jmp .x\nb:\n.x: jmp .x\njmp a.x')).toBe('eb fe eb fe eb fa')
    expect(code("mov ecx, length\nresb 2\ntext: db 'hello'\nlength equ $ - text", { codeSize: 32 })).toBe(
      'b9 05 00 00 00 00 00 68 65 6c 6c 6f',
    )
    expect(code('one equ 1\ntwo equ one + one\nmov al, two << 4 | 3')).toBe('b0 23')
  })

  test('are written in every base, with the operators of C', () => {
    expect(code("db 0x10, 10h, 0b11, 0o17, 1_000 / 8, 'A', -1, ~0 & 0xf, (1+2)*3, 17 % 5")).toBe(
      '10 10 03 0f 7d 41 ff 0f 09 02',
    )
  })
})

describe('data and places', () => {
  test('are text, words, labels and room', () => {
    expect(code('dw "abc"\ndb `a\\n`, 0\nresw 1\ndd here\nhere:', { origin: 0x1000 })).toBe(
      '61 62 63 00 61 0a 00 00 00 0d 10 00 00',
    )
    expect(code('times 3 db 1, 2')).toBe('01 02 01 02 01 02')
    expect(code('nop\nalign 4, 0x90\nhlt')).toBe('90 90 90 90 f4')
  })

  test('make a boot sector', () => {
    const found = assemble('org 0x7c00\nbits 16\nstart: jmp start\ntimes 510-($-$$) db 0\ndw 0xaa55')
    if (found.kind !== 'program') throw new Error('no program')
    expect(found.origin).toBe(0x7c00n)
    expect(found.bytes.length).toBe(512)
    expect(hex(found.bytes.subarray(510))).toBe('55 aa')
    expect(found.labels).toEqual(new Map([['start', 0x7c00n]]))
  })

  test('are put together by section', () => {
    const found = assemble('section .text\nmov al, [x]\nsection .data align=4\nx: db 7\nsection .text\nret', {
      codeSize: 32,
    })
    if (found.kind !== 'program') throw new Error('no program')
    expect(hex(found.bytes)).toBe('a0 08 00 00 00 c3 00 00 07')
    expect(found.sections).toEqual([
      { name: '.text', address: 0n, size: 6 },
      { name: '.data', address: 8n, size: 1 },
    ])
  })

  test('change between code sizes', () => {
    expect(code('bits 16\nmov eax, 1\nbits 32\nmov eax, 1\nuse64\nmov rax, 1')).toBe(
      '66 b8 01 00 00 00 b8 01 00 00 00 48 c7 c0 01 00 00 00',
    )
  })
})

describe('mistakes', () => {
  test('are all told, with line and column', () => {
    expect(code('nop\n  mvo eax, 1\nmov eax, )\nadd [rax], 1')).toMatch(
      /^2:3 no such instruction: mvo\n3:10 an expression is missing before \)\n4:1 the size of memory is not known/,
    )
    expect(code('jmp nowhere')).toBe('1:1 no such label: nowhere')
    expect(code('nop\nloop far_away\nresb 300\nfar_away:')).toMatch(/^2:1 300 bytes away does not fit 8 bits/)
    expect(code('x: nop\nx: nop')).toBe('2:1 a label that exists: x')
    expect(code('mov eax, 1 2')).toBe('1:12 , is missing before 2')
    expect(code('db 1/0')).toBe('1:5 division by zero')
    expect(code('mov eax, "\u00e9')).toMatch(/^1:10 nothing begins with/)
    expect(code('a equ a + 1\ndb a')).toMatch(/never settle/)
  })

  test('of size do not take memory or time', () => {
    expect(code('resb 1 << 40')).toMatch(/^1:13 a program has at most/)
    expect(code('times 1 << 40 nop')).toMatch(/repeats at most/)
    expect(code('org 0\nnop\norg 1 << 50')).toMatch(/at most/)
    expect(code(`db ${'('.repeat(5000)}`)).toMatch(/too deep/)
    expect(code(`db ${'-'.repeat(5000)}1`)).toMatch(/too deep/)
    expect(code('db 1 << 256 << 256 << 256')).toMatch(/too large/)
  })

  test('of random text are values', () => {
    const words = [
      'mov',
      'eax',
      ',',
      '[',
      ']',
      '$',
      '$$',
      'db',
      'times',
      '0x10',
      'l:',
      'l',
      'equ',
      'section',
      '.x',
      '(',
      '{k1}',
      "'a'",
      '+',
      'jmp',
      'rel',
      ':',
      'org',
      'align',
    ]
    let state = 1
    const next = () => {
      state = (state * 1_103_515_245 + 12_345) & 0x7fff_ffff
      return state >> 8
    }
    for (let round = 0; round < 400; round += 1) {
      const lines = Array.from({ length: 6 }, () =>
        Array.from({ length: 7 }, () => words[next() % words.length]).join(' '),
      )
      expect(['program', 'mistakes']).toContain(assemble(lines.join('\n')).kind)
    }
  })
})
