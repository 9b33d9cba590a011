import { spec } from '@vmm/source'
import { vectorBlock } from './block.ts'

const op = vectorBlock(spec('x86 Ecosystem Advisory Group, ACE version 1', 'Instruction Reference'))

/** ACE: outer products of vectors in tiles, and the register that scales blocks. */
export const ace = [
  // opcode                           operands                   mnemonic        needs, attributes
  op('VEX.128.F2.0F38.W1 49 C0',      ['BSR0'],                  'BSRINIT',      'ACEV1', ['only64']),
  op('EVEX.512.66.0F38.W1 4A /r',     ['Ta', 'Ux', 'Bd'],        'TILEMOVROW',   'ACEV1', ['only64']),
  op('EVEX.512.66.0F38.W1 4B /r',     ['Ta', 'Ux', 'Bd'],        'TILEMOVCOL',   'ACEV1', ['only64']),
  op('EVEX.512.F3.0F38.W0 5C /r',     ['Ta', 'Ux', 'Hx'],        'TOP2BF16PS',   'ACEV1', ['only64']),
  op('EVEX.512.NP.0F38.W0 5E /r',     ['Ta', 'Ux', 'Hx'],        'TOP4BUUD',     'ACEV1', ['only64']),
  op('EVEX.512.66.0F38.W0 5E /r',     ['Ta', 'Ux', 'Hx'],        'TOP4BUSD',     'ACEV1', ['only64']),
  op('EVEX.512.F3.0F38.W0 5E /r',     ['Ta', 'Ux', 'Hx'],        'TOP4BSUD',     'ACEV1', ['only64']),
  op('EVEX.512.F2.0F38.W0 5E /r',     ['Ta', 'Ux', 'Hx'],        'TOP4BSSD',     'ACEV1', ['only64']),
  op('EVEX.512.66.0F3A.W1 07 /r ib',  ['Ta', 'Ux', 'Ib'],        'TILEMOVROW',   'ACEV1', ['only64']),
  op('EVEX.512.66.0F3A.W1 2F /r ib',  ['Ta', 'Ux', 'Ib'],        'TILEMOVCOL',   'ACEV1', ['only64']),
  op('EVEX.512.NP.0F3A.W0 8D /r ib',  ['Ta', 'Ux', 'Hx', 'Ib'],  'TOP4MXBF8PS',  'ACEV1', ['only64']),
  op('EVEX.512.66.0F3A.W0 8D /r ib',  ['Ta', 'Ux', 'Hx', 'Ib'],  'TOP4MXHF8PS',  'ACEV1', ['only64']),
  op('EVEX.512.F3.0F3A.W0 8D /r ib',  ['Ta', 'Ux', 'Hx', 'Ib'],  'TOP4MXHBF8PS', 'ACEV1', ['only64']),
  op('EVEX.512.F2.0F3A.W0 8D /r ib',  ['Ta', 'Ux', 'Hx', 'Ib'],  'TOP4MXBHF8PS', 'ACEV1', ['only64']),
  op('EVEX.512.F2.0F3A.W0 8F /r ib',  ['Ta', 'Ux', 'Hx', 'Ib'],  'TOP4MXBSSPS',  'ACEV1', ['only64']),
  op('EVEX.512.NP.MAP6.W1 95 /0',     ['BSR0', 'Hx', 'Wx'],      'BSRMOVF',      'ACEV1', ['only64']),
  op('EVEX.512.F3.MAP6.W1 95 /0',     ['BSR0', 'Wx'],            'BSRMOVL',      'ACEV1', ['only64']),
  op('EVEX.512.F3.MAP6.W0 95 /0',     ['Wx', 'BSR0'],            'BSRMOVL',      'ACEV1', ['only64']),
  op('EVEX.512.F2.MAP6.W1 95 /0',     ['BSR0', 'Wx'],            'BSRMOVH',      'ACEV1', ['only64']),
  op('EVEX.512.F2.MAP6.W0 95 /0',     ['Wx', 'BSR0'],            'BSRMOVH',      'ACEV1', ['only64']),
]
