import { sdm } from '@vmm/source'
import { block } from './block.ts'

const op = block(sdm('2D', 'A.3', 'Tables A-4 and A-5'))

/** VEX-encoded instructions on general registers. */
export const vexGeneral = [
  // opcode                     op/en  operands            mnemonic, attributes, needs
  op('VEX.LZ.0F38 F2 /r',        'RVM', ['Gy', 'By', 'Ey'], 'ANDN',   [], 'BMI1'),
  op('VEX.LZ.0F38 F3 /1',        'VM',  ['By', 'Ey'],       'BLSR',   [], 'BMI1'),
  op('VEX.LZ.0F38 F3 /2',        'VM',  ['By', 'Ey'],       'BLSMSK', [], 'BMI1'),
  op('VEX.LZ.0F38 F3 /3',        'VM',  ['By', 'Ey'],       'BLSI',   [], 'BMI1'),
  op('VEX.LZ.0F38 F5 /r',        'RMV', ['Gy', 'Ey', 'By'], 'BZHI',   [], 'BMI2'),
  op('VEX.LZ.F3.0F38 F5 /r',     'RVM', ['Gy', 'By', 'Ey'], 'PEXT',   [], 'BMI2'),
  op('VEX.LZ.F2.0F38 F5 /r',     'RVM', ['Gy', 'By', 'Ey'], 'PDEP',   [], 'BMI2'),
  op('VEX.LZ.F2.0F38 F6 /r',     'RVM', ['Gy', 'By', 'Ey'], 'MULX',   [], 'BMI2'),
  op('VEX.LZ.0F38 F7 /r',        'RMV', ['Gy', 'Ey', 'By'], 'BEXTR',  [], 'BMI1'),
  op('VEX.LZ.66.0F38 F7 /r',     'RMV', ['Gy', 'Ey', 'By'], 'SHLX',   [], 'BMI2'),
  op('VEX.LZ.F3.0F38 F7 /r',     'RMV', ['Gy', 'Ey', 'By'], 'SARX',   [], 'BMI2'),
  op('VEX.LZ.F2.0F38 F7 /r',     'RMV', ['Gy', 'Ey', 'By'], 'SHRX',   [], 'BMI2'),
  op('VEX.LZ.F2.0F3A F0 /r ib',  'RMI', ['Gy', 'Ey', 'Ib'], 'RORX',   [], 'BMI2'),
]
