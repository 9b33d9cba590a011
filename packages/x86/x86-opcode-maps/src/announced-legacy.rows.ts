import { spec } from '@vmm/source'
import { block } from './block.ts'

const op = block(spec('Intel Architecture Instruction Set Extensions Programming Reference 319433', 'chapter 2'))

/** What Intel has announced without VEX or EVEX: loads of what others write, too. */
export const announcedLegacy = [
  // opcode              op/en operands      mnemonic, attributes, needs
  op('0F 18 /4',         'M',  ['Mb'],       'PREFETCHRST2', ['hint'],   'MOVRS'),
  op('NP 0F 38 8A /r',   'RM', ['Gb', 'Mb'], 'MOVRS',        ['only64'], 'MOVRS'),
  op('NFx 0F 38 8B /r',  'RM', ['Gv', 'Mv'], 'MOVRS',        ['only64'], 'MOVRS'),
]
