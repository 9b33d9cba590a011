import { spec } from '@vmm/source'
import { apxBlock } from './block.ts'

const op = apxBlock(spec('Intel APX Architecture Specification 355828', 'chapter 6, JMPABS, PUSHP, POPP'))

/** What REX2 alone introduces. */
export const rex2 = [
  // opcode               operands  mnemonic, attributes
  op('REX2.W1 50+r',        ['Zv'],   'PUSHP',  ['force64']),
  op('REX2.W1 58+r',        ['Zv'],   'POPP',   ['force64']),
  op('NP REX2.W0 A1 iv',    ['Iv'],   'JMPABS', ['force64']),
]
