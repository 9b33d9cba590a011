import { describe, expect, test } from 'vitest'
import { parseCases } from './parse.ts'
import { writeCases } from './write.ts'

const file = (...lines: readonly string[]) => lines.join('\n')
const good = ['source sdm 2A 3.3 "ADD—Add"', '64 01c8 add eax, ecx']
const complaint = (...lines: readonly string[]) => {
  try {
    parseCases(file(...lines), 'some.ins')
    return 'nothing'
  } catch (error) {
    return `${error}`
  }
}

describe('a file of cases', () => {
  test('gives every case its instruction, its source and its place', () => {
    const cases = parseCases(
      file('# a comment', ...good, '  rax=1 +cf => rax=2 -cf ?af', '', '  => #GP(18)'),
      'some.ins',
    )
    expect(cases.map(({ place, mode, text }) => [place, mode, text])).toEqual([
      ['some.ins:4', '64', 'add eax, ecx'],
      ['some.ins:6', '64', 'add eax, ecx'],
    ])
    expect(cases[0]!.before).toEqual([
      { kind: 'gpr', index: 0, width: 64, highByte: false, value: 1n },
      { kind: 'flag', flag: 'CF', value: true },
    ])
    expect([...cases[0]!.undefinedFlags]).toEqual(['AF'])
    expect(cases[1]!.ending).toEqual({ kind: 'fault', exception: 'GP', code: 0x18 })
  })

  test('comes back when it is written again', () => {
    const text = file(
      'source cpu a b',
      '',
      '64 01c8 add eax, ecx',
      '  ah=12 r8d=34 xmm1=5 mm2=6 st3=7 MXCSR=1f80 [100100]=0102 port[60]=5 => #PF(6) CR2=180000',
      '  => exit=hlt +of ?zf',
      '',
      'real f4 hlt',
      '  +df => msr[10]=1 -df',
      '',
    )
    expect(writeCases(parseCases(text, 'some.ins'))).toBe(text)
  })

  test('says where and what is wrong', () => {
    expect(complaint('64 01c8 add eax, ecx', '  =>')).toBe('InsError: some.ins:2: a case before any source line')
    expect(complaint(good[0]!, '  =>')).toBe('InsError: some.ins:2: a case before any instruction')
    expect(complaint('source me')).toBe('InsError: some.ins:1: a source begins with cpu, sdm or apm: me')
    expect(complaint(good[0]!, '63 01c8 add')).toMatch('some.ins:2: no mode is called 63: 64 c32')
    expect(complaint(good[0]!, '64 01c add')).toMatch('some.ins:2: half a byte in 01c')
    expect(complaint(good[0]!, '64 add')).toMatch('some.ins:2: an instruction is written: mode, bytes')
    expect(complaint(...good, '  rax=1')).toMatch('some.ins:3: a case is written: before => after')
    expect(complaint(...good, '  rix=1 =>')).toMatch('some.ins:3: no register is called rix')
    expect(complaint(...good, '  al=100 =>')).toMatch('some.ins:3: al has 8 bits')
    expect(complaint(...good, '  mm8=1 =>')).toMatch('some.ins:3: no register is called mm8')
    expect(complaint(...good, '  rax=0x1 =>')).toMatch(
      'some.ins:3: not name=value in small hexadecimal digits: rax=0x1',
    )
    expect(complaint(...good, '  [100]=123 =>')).toMatch('some.ins:3: half a byte in 123')
    expect(complaint(...good, '  => +xf')).toMatch('some.ins:3: no flag is called xf')
    expect(complaint(...good, '  => ?xf')).toMatch('some.ins:3: no flag is called xf')
    expect(complaint(...good, '  => #XX')).toMatch('some.ins:3: no exception is written #XX')
    expect(complaint(...good, '  => #DE(0)')).toMatch('some.ins:3: #DE has no error code')
  })
})
