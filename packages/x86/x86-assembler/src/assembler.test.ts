import { disassemble } from '@vmm/x86-decoder'
import { describe, expect, test } from 'vitest'
import {
  type Assembler,
  AssemblerError,
  absolute,
  ah,
  al,
  assemble,
  assembler,
  ax,
  bp,
  bx,
  cl,
  cr0,
  cr3,
  dl,
  ds,
  dx,
  eax,
  ebx,
  ecx,
  edx,
  esp,
  far,
  fs,
  label,
  mem,
  mem8,
  mem16,
  mem32,
  mem48,
  mem64,
  near,
  r8,
  r9d,
  r12,
  r13,
  rax,
  rbp,
  rbx,
  rcx,
  rdi,
  rip,
  rsp,
  short,
  si,
  sil,
  st0,
  st1,
  xmm0,
  xmm1,
} from './index.ts'

type CodeSize = 16 | 32 | 64

const hex = (bytes: Iterable<number>): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')

/** The bytes of a few instructions. */
function code(build: (a: Assembler) => Assembler, codeSize: CodeSize = 64, origin = 0x1000): string {
  return hex(build(assembler({ origin, codeSize })).finish().bytes)
}

describe('the shortest encoding', () => {
  test('of arithmetic with an immediate', () => {
    expect(code((a) => a.add(rax, 1))).toBe('48 83 c0 01')
    expect(code((a) => a.add(eax, 0x1234))).toBe('05 34 12 00 00')
    expect(code((a) => a.add(ecx, 0x1234))).toBe('81 c1 34 12 00 00')
    expect(code((a) => a.add(al, 5))).toBe('04 05')
    expect(code((a) => a.shl(eax, 1))).toBe('d1 e0')
    expect(code((a) => a.sal(rax, cl))).toBe('48 d3 e0')
  })

  test('of moves', () => {
    expect(code((a) => a.mov(rax, 1n))).toBe('48 c7 c0 01 00 00 00')
    expect(code((a) => a.mov(rax, -1))).toBe('48 c7 c0 ff ff ff ff')
    expect(code((a) => a.mov(rax, 0xffff_ffff_8000_0000n))).toBe('48 c7 c0 00 00 00 80')
    expect(code((a) => a.mov(rax, 0xffff_ffff))).toBe('48 b8 ff ff ff ff 00 00 00 00')
    expect(code((a) => a.mov(eax, 0xffff_ffff))).toBe('b8 ff ff ff ff')
    expect(code((a) => a.mov(cr0, rax).mov(rax, cr3).mov(ds, ax))).toBe('0f 22 c0 0f 20 d8 8e d8')
    expect(code((a) => a.mov(al, mem8(0x1234)), 16)).toBe('a0 34 12')
  })

  test('of addresses', () => {
    expect(code((a) => a.mov(rax, mem(rbx)))).toBe('48 8b 03')
    expect(code((a) => a.mov(rax, mem(rbp)))).toBe('48 8b 45 00')
    expect(code((a) => a.mov(rax, mem(rsp, 8)))).toBe('48 8b 44 24 08')
    expect(code((a) => a.mov(rax, mem(r12)))).toBe('49 8b 04 24')
    expect(code((a) => a.mov(rax, mem(r13)))).toBe('49 8b 45 00')
    expect(code((a) => a.mov(eax, mem({ base: rbx, index: rcx, scale: 8, displacement: 0x100, segment: fs })))).toBe(
      '64 8b 84 cb 00 01 00 00',
    )
    expect(code((a) => a.mov(eax, mem({ base: rax, index: rsp })))).toBe('8b 04 04')
    expect(code((a) => a.mov(eax, mem(0x1000)))).toBe('8b 04 25 00 10 00 00')
    expect(code((a) => a.mov(eax, mem({ base: rip, displacement: 16 })))).toBe('8b 05 10 00 00 00')
    expect(code((a) => a.mov(eax, mem(ebx)))).toBe('67 8b 03')
    expect(code((a) => a.mov(ax, mem({ base: bp, index: si })), 16)).toBe('8b 02')
    expect(code((a) => a.mov(eax, mem(bx)), 16)).toBe('66 8b 07')
    expect(code((a) => a.mov(eax, mem(esp, 4)), 32)).toBe('8b 44 24 04')
  })

  test('moffs where a 32-bit displacement cannot be', () => {
    expect(code((a) => a.mov(rax, mem(0x1122_3344_5566n)))).toBe('48 a1 66 55 44 33 22 11 00 00')
  })

  test('of exchanges and tests, whose operands can change places', () => {
    expect(code((a) => a.xchg(rax, rcx))).toBe('48 91')
    expect(code((a) => a.xchg(rcx, rax))).toBe('48 91')
    expect(code((a) => a.xchg(eax, eax))).toBe('87 c0')
    expect(code((a) => a.test(rax, mem(rbx)))).toBe('48 85 03')
  })
})

describe('registers', () => {
  test('of 64-bit code take REX', () => {
    expect(code((a) => a.mov(r9d, mem({ base: r8, index: r12 })))).toBe('47 8b 0c 20')
    expect(code((a) => a.mov(sil, dl))).toBe('40 88 d6')
    expect(() => code((a) => a.mov(ah, sil))).toThrow('AH, CH, DH and BH cannot be with a REX prefix')
    expect(() => code((a) => a.mov(rax, 1), 32)).toThrow(AssemblerError)
    expect(() => code((a) => a.mov(sil, dl), 32)).toThrow('are of 64-bit code')
  })

  test('AH to BH count from four', () => {
    expect(code((a) => a.mov(ah, al))).toBe('88 c4')
    expect(code((a) => a.mov(al, ah))).toBe('88 e0')
    expect(code((a) => a.mov(ah, 1))).toBe('b4 01')
  })
})

describe('sizes', () => {
  test('come from the name where the manual spells them apart', () => {
    expect(code((a) => a.iretq().cdqe().cbw().movsq().pushfq().retfq())).toBe('48 cf 48 98 66 98 48 a5 9c 48 cb')
    expect(code((a) => a.jecxz(0x1000), 64)).toBe('67 e3 fd')
    expect(code((a) => a.pushad().popf().iret(), 16)).toBe('66 60 9d cf')
  })

  test('come from the mode or from `with` where no operand says them', () => {
    expect(code((a) => a.push(5).push(0x1234))).toBe('6a 05 68 34 12 00 00')
    expect(code((a) => a.with({ operandSize: 16 }).push(0x1234), 32)).toBe('66 68 34 12')
    expect(code((a) => a.push(mem(rax)))).toBe('ff 30')
    expect(code((a) => a.jmpf(mem48(rax)))).toBe('ff 28')
    expect(code((a) => a.with({ addressSize: 32 }).loop(0x1000))).toBe('67 e2 fd')
  })

  test('of memory must be known', () => {
    expect(() => code((a) => a.inc(mem(rax)))).toThrow('the size of memory is not known')
    expect(code((a) => a.inc(mem8(rax)).inc(mem16(rax)).inc(mem32(rax)).inc(mem64(rax)))).toBe(
      'fe 00 66 ff 00 ff 00 48 ff 00',
    )
    expect(code((a) => a.invlpg(mem(rax)).lgdt(mem(rax)).lea(rax, mem(rbx, 1)))).toBe('0f 01 38 0f 01 10 48 8d 43 01')
  })
})

describe('one mnemonic of two kinds', () => {
  test('MOVSD is a string instruction without operands and SSE2 with', () => {
    expect(code((a) => a.movsd().movsd(xmm0, xmm1).movsd(xmm0, mem(rax)))).toBe('a5 f2 0f 10 c1 f2 0f 10 00')
  })

  test('FADD takes memory or two registers', () => {
    expect(code((a) => a.fadd(mem32(rax)).fadd(mem64(rax)).fadd(st0, st1).fadd(st1, st0))).toBe(
      'd8 00 dc 00 d8 c1 dc c1',
    )
  })
})

describe('prefixes', () => {
  test('are for the next instruction only', () => {
    expect(code((a) => a.lock().add(mem32(rbx), 1).add(mem32(rbx), 1))).toBe('f0 83 03 01 83 03 01')
    expect(code((a) => a.rep().movsb().repne().scasb().repe().cmpsb())).toBe('f3 a4 f2 ae f3 a6')
    expect(code((a) => a.with({ segment: fs }).lodsb())).toBe('64 ac')
  })

  test('LOCK is refused where it would be #UD', () => {
    expect(() => code((a) => a.lock().add(eax, 1))).toThrow(AssemblerError)
  })
})

describe('labels', () => {
  test('near ones are reached by short branches, far ones by long', () => {
    expect(code((a) => a.label('here').jmp('here'))).toBe('eb fe')
    expect(code((a) => a.jmp('there').space(127).label('there')).slice(0, 5)).toBe('eb 7f')
    expect(code((a) => a.jmp('there').space(128).label('there')).slice(0, 14)).toBe('e9 80 00 00 00')
    expect(code((a) => a.je('there').space(128).label('there')).slice(0, 17)).toBe('0f 84 80 00 00 00')
    expect(code((a) => a.jmp('there').space(0x80).label('there'), 16).slice(0, 8)).toBe('e9 80 00')
  })

  test('a branch that grows pushes another out of reach', () => {
    const bytes = assembler().jmp('end').space(124).jmp('far').label('end').space(200).label('far').finish().bytes
    expect(hex(bytes.subarray(0, 2))).toBe('e9 81')
  })

  test('the form of a branch can be fixed', () => {
    expect(code((a) => a.label('here').jmp(near('here')))).toBe('e9 fb ff ff ff')
    expect(() => code((a) => a.jmp(short('there')).space(200).label('there'))).toThrow('does not fit 8 bits: there')
    expect(() => code((a) => a.loop('there').space(200).label('there'))).toThrow('does not fit 8 bits: there')
  })

  test('numbers are addresses to branch to', () => {
    expect(code((a) => a.nop().call(0x1001))).toBe('90 e8 fb ff ff ff')
  })

  test('are immediates, memory relative to RIP, absolute memory, far pointers and data', () => {
    expect(code((a) => a.label('here').mov(rax, 'here'))).toBe('48 c7 c0 00 10 00 00')
    expect(code((a) => a.label('here').mov(rax, 'here'), 64, 0xffff_8000_0000)).toBe('48 b8 00 00 00 80 ff ff 00 00')
    expect(code((a) => a.label('here').lea(rax, mem('here')))).toBe('48 8d 05 f9 ff ff ff')
    expect(code((a) => a.label('here').mov(mem8('here'), 1))).toBe('c6 05 f9 ff ff ff 01')
    expect(code((a) => a.label('here').mov(eax, mem(absolute('here', 4))))).toBe('8b 04 25 04 10 00 00')
    expect(code((a) => a.label('here').mov(eax, mem({ index: rcx, scale: 4, displacement: 'here' })))).toBe(
      '8b 04 8d 00 10 00 00',
    )
    expect(code((a) => a.label('here').mov(eax, mem('here')), 32)).toBe('a1 00 10 00 00')
    expect(code((a) => a.label('here').jmpf(far(8, 'here')), 32)).toBe('ea 00 10 00 00 08 00')
    expect(code((a) => a.label('here').dw('here').dd(label('here', 2)).dq('here'))).toBe(
      '00 10 02 10 00 00 00 10 00 00 00 00 00 00',
    )
  })

  test('are given with their addresses', () => {
    const program = assembler({ origin: 0xffff_ffff_8000_0000n }).nop().label('one').nop().label('two').finish()
    expect(program.labels).toEqual(
      new Map([
        ['one', 0xffff_ffff_8000_0001n],
        ['two', 0xffff_ffff_8000_0002n],
      ]),
    )
    expect(program.origin).toBe(0xffff_ffff_8000_0000n)
  })

  test('that are missing or double are named', () => {
    expect(() => code((a) => a.jmp('nowhere'))).toThrow('no such label: nowhere')
    expect(() => code((a) => a.label('twice').label('twice'))).toThrow('a label that exists: twice')
    expect(() => code((a) => a.mov(ax, 'here').label('here'), 16, 0x10_0000)).toThrow(
      '0x100003 does not fit 16 bits: here',
    )
  })

  test('unique names differ', () => {
    const a = assembler()
    expect(a.unique('loop')).not.toBe(a.unique('loop'))
  })
})

describe('data and places', () => {
  test('numbers, text and space', () => {
    expect(code((a) => a.db('hé', 0).dw(-1).dd(0x1234_5678).dq(1n).bytes([1, 2]).space(2, 0xcc))).toBe(
      '68 c3 a9 00 ff ff 78 56 34 12 01 00 00 00 00 00 00 00 01 02 cc cc',
    )
    expect(() => code((a) => a.db(256))).toThrow('0x100 does not fit 8 bits')
  })

  test('align and org fill, and org does not go back', () => {
    expect(code((a) => a.nop().align(4, 0x90).align(4).hlt())).toBe('90 90 90 90 f4')
    expect(code((a) => a.nop().org(0x1004).hlt())).toBe('90 00 00 00 f4')
    expect(() => code((a) => a.space(8).org(0x1004))).toThrow('already at 0x1008: org 0x1004')
  })

  test('bits changes what the following code is', () => {
    expect(code((a) => a.bits(16).mov(eax, 1).bits(32).mov(eax, 1).bits(64).mov(rax, 1))).toBe(
      '66 b8 01 00 00 00 b8 01 00 00 00 48 c7 c0 01 00 00 00',
    )
  })
})

describe('mistakes', () => {
  test('say what was given and what there is', () => {
    const mistake = (() => {
      try {
        return assembler().mov(rax, xmm0)
      } catch (error) {
        return error as AssemblerError
      }
    })() as AssemblerError
    expect(mistake).toBeInstanceOf(AssemblerError)
    expect(mistake.message).toMatch(
      /^no form takes these operands, in 64-bit code: MOV rax, xmm0; forms: 88 \/r \(Eb, Gb\)/,
    )
    expect(mistake.mistake.operands).toEqual(['rax', 'xmm0'])
  })

  test('numbers that do not fit or have lost bits are refused', () => {
    expect(() => code((a) => a.mov(al, 256))).toThrow('MOV al, 0x100')
    expect(() => code((a) => a.mov(rax, 2 ** 60))).toThrow('use a bigint')
    expect(() => code((a) => a.and(rax, 0xffff_ffff))).toThrow('AND rax, 0xffffffff')
    expect(() => code((a) => a.mov(eax, mem(rax, 0x1_0000_0000)))).toThrow('a displacement takes 32 bits')
  })

  test('instructions of another mode are refused', () => {
    expect(() => code((a) => a.pushad())).toThrow('PUSHAD')
    expect(() => code((a) => a.syscall(), 32)).toThrow('SYSCALL')
    expect(() => code((a) => a.mov(eax, mem(rdi)), 32)).toThrow('no 64-bit addresses in 32-bit code')
    expect(() => code((a) => a.mov(eax, mem(bx)))).toThrow('no 16-bit addresses in 64-bit code')
  })
})

test('a real-mode start that enters protected mode reads back as it was written', () => {
  const a = assembler({ origin: 0x7c00, codeSize: 16 })
  a.cli().xor(ax, ax).mov(ds, ax).lgdt(mem('gdtr')).mov(eax, cr0).or(al, 1).mov(cr0, eax).jmpf(far(8, 'protected'))
  a.bits(32).label('protected').mov(edx, 0x3f8).mov(al, 'A'.charCodeAt(0)).out(dx, al).hlt()
  a.align(8).label('gdt').dq(0, 0x00cf_9a00_0000_ffffn, 0x00cf_9200_0000_ffffn).label('gdtr').dw(23).dd('gdt')
  const { bytes, labels, origin } = a.finish()
  const texts: string[] = []
  let codeSize: CodeSize = 16
  for (let at = 0; origin + BigInt(at) < labels.get('gdt')!; ) {
    if (origin + BigInt(at) === labels.get('protected')) codeSize = 32
    const one = disassemble(bytes, { codeSize, at: origin + BigInt(at), offset: at })
    if (one.kind !== 'instruction') break
    texts.push(one.text)
    at += one.length
  }
  expect(texts.slice(0, 12)).toEqual([
    'cli',
    'xor ax, ax',
    'mov ds, ax',
    'lgdt [0x7c38]',
    'mov eax, cr0',
    'or al, 1',
    'mov cr0, eax',
    'jmpf 8:0x7c17',
    'mov edx, 0x3f8',
    'mov al, 0x41',
    'out dx, al',
    'hlt',
  ])
})

describe('options that are none are refused', () => {
  const any = (value: unknown) => value as never

  test('by the builder', () => {
    expect(() => assembler({ codeSize: any(48) })).toThrow('code size: expected 16, 32 or 64: 48')
    expect(() => assembler().bits(any(8))).toThrow('code size: expected 16, 32 or 64: 8')
    expect(() => assembler({ origin: -1 })).toThrow('origin: expected an address of 64 bits: -1')
    expect(() => assembler({ origin: 1n << 64n })).toThrow('origin: expected an address of 64 bits')
    expect(() => assembler({ with: [any('NOPE')] })).toThrow("with: expected 'APX_F': NOPE")
  })

  test('where text is assembled', () => {
    expect(() => assemble('nop', { codeSize: any(5) })).toThrow(AssemblerError)
    expect(() => assemble(any(undefined))).toThrow('text: expected a string: undefined')
  })
})
