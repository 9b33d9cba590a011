import { expect, test } from 'vitest'
import { controlFlowOf } from './control-flow.ts'
import { flagEffects } from './flag-effects.rows.ts'
import { flagsOf } from './flags.ts'
import { rows } from './packed.ts'

const mnemonics = new Set<string>(rows.map(({ mnemonic }) => mnemonic))

test('flags are said of instructions that have rows, once, or twice where a count of 1 differs', () => {
  const named = flagEffects.flatMap(([, names]) => names.split(' '))
  expect(named.filter((name) => !mnemonics.has(name))).toEqual([])
  const twice = named.filter((name, at) => named.indexOf(name) !== at)
  expect(twice.sort()).toEqual(['RCL', 'RCR', 'ROL', 'ROR', 'SAR', 'SHL', 'SHR'])
})

test('a shift by 1 says what OF becomes, and one by CL does not', () => {
  const shift = (second: string) => rows.find(({ mnemonic, operands }) => mnemonic === 'SHL' && operands[1] === second)!
  expect(flagsOf(shift('1')).modified).toContain('OF')
  expect(flagsOf(shift('CL')).undefined).toContain('OF')
})

test('what moves control registers leaves flags undefined, and what moves others leaves them alone', () => {
  const move = (first: string) => rows.find(({ mnemonic, operands }) => mnemonic === 'MOV' && operands[0] === first)!
  expect(flagsOf(move('Cy')).undefined).toHaveLength(6)
  expect(flagsOf(move('Ev')).undefined).toHaveLength(0)
})

test('every instruction with a distance but JMP, CALL, XBEGIN is conditional', () => {
  const others = rows.filter(({ operands }) => operands[0] === 'Jb' || operands[0] === 'Jz')
  const plain = others.filter((row) => controlFlowOf(row) !== 'conditional')
  expect([...new Set(plain.map(({ mnemonic }) => mnemonic))].sort()).toEqual(['CALL', 'JMP', 'XBEGIN'])
})
