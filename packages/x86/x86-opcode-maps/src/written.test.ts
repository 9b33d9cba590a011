import { rows } from '@vmm/x86-opcodes'
import { expect, test } from 'vitest'
import { writtenRows } from './index.ts'

test('what users of the rows read is what is written', () => {
  expect(rows).toHaveLength(writtenRows.length)
  const read = rows.map(({ opcode, encoding, operands, mnemonic, attributes, needs, source }) => ({
    ...{ opcode, encoding, operands, mnemonic, attributes, needs, source },
  }))
  expect(read).toEqual(writtenRows)
})
