import { sdm } from '@vmm/source'
import { block } from './block.ts'

const op = block(sdm('2D', 'A.3', 'Table A-5'))

/** The map behind 0F 3A: instructions with an immediate byte. */
export const threeByte3a = [
  // opcode                     op/en   operands                 mnemonic, attributes, needs
  op('66 0F 3A 08 /r ib',        'RMI', ['Vps', 'Wps', 'Ib'],    'ROUNDPS',          [], 'SSE4_1'),
  op('66 0F 3A 09 /r ib',        'RMI', ['Vpd', 'Wpd', 'Ib'],    'ROUNDPD',          [], 'SSE4_1'),
  op('66 0F 3A 0A /r ib',        'RMI', ['Vss', 'Wss', 'Ib'],    'ROUNDSS',          [], 'SSE4_1'),
  op('66 0F 3A 0B /r ib',        'RMI', ['Vsd', 'Wsd', 'Ib'],    'ROUNDSD',          [], 'SSE4_1'),
  op('66 0F 3A 0C /r ib',        'RMI', ['Vps', 'Wps', 'Ib'],    'BLENDPS',          [], 'SSE4_1'),
  op('66 0F 3A 0D /r ib',        'RMI', ['Vpd', 'Wpd', 'Ib'],    'BLENDPD',          [], 'SSE4_1'),
  op('66 0F 3A 0E /r ib',        'RMI', ['Vdq', 'Wdq', 'Ib'],    'PBLENDW',          [], 'SSE4_1'),
  op('NP 0F 3A 0F /r ib',        'RMI', ['Pq', 'Qq', 'Ib'],      'PALIGNR',          [], 'SSSE3'),
  op('66 0F 3A 0F /r ib',        'RMI', ['Vdq', 'Wdq', 'Ib'],    'PALIGNR',          [], 'SSSE3'),
  op('66 0F 3A 14 /r ib',        'MRI', ['Rd/Mb', 'Vdq', 'Ib'],  'PEXTRB',           [], 'SSE4_1'),
  op('66 0F 3A 15 /r ib',        'MRI', ['Rd/Mw', 'Vdq', 'Ib'],  'PEXTRW',           [], 'SSE4_1'),
  op('66 0F 3A 16 /r ib',        'MRI', ['Ed', 'Vdq', 'Ib'],     'PEXTRD',           [], 'SSE4_1'),
  op('66 REX.W 0F 3A 16 /r ib',  'MRI', ['Eq', 'Vdq', 'Ib'],     'PEXTRQ',           [], 'SSE4_1'),
  op('66 0F 3A 17 /r ib',        'MRI', ['Ed', 'Vdq', 'Ib'],     'EXTRACTPS',        [], 'SSE4_1'),
  op('66 0F 3A 20 /r ib',        'RMI', ['Vdq', 'Rd/Mb', 'Ib'],  'PINSRB',           [], 'SSE4_1'),
  op('66 0F 3A 21 /r ib',        'RMI', ['Vdq', 'Udq/Md', 'Ib'], 'INSERTPS',         [], 'SSE4_1'),
  op('66 0F 3A 22 /r ib',        'RMI', ['Vdq', 'Ed', 'Ib'],     'PINSRD',           [], 'SSE4_1'),
  op('66 REX.W 0F 3A 22 /r ib',  'RMI', ['Vdq', 'Eq', 'Ib'],     'PINSRQ',           [], 'SSE4_1'),
  op('66 0F 3A 40 /r ib',        'RMI', ['Vps', 'Wps', 'Ib'],    'DPPS',             [], 'SSE4_1'),
  op('66 0F 3A 41 /r ib',        'RMI', ['Vpd', 'Wpd', 'Ib'],    'DPPD',             [], 'SSE4_1'),
  op('66 0F 3A 42 /r ib',        'RMI', ['Vdq', 'Wdq', 'Ib'],    'MPSADBW',          [], 'SSE4_1'),
  op('66 0F 3A 44 /r ib',        'RMI', ['Vdq', 'Wdq', 'Ib'],    'PCLMULQDQ',        [], 'PCLMULQDQ'),
  op('66 0F 3A 60 /r ib',        'RMI', ['Vdq', 'Wdq', 'Ib'],    'PCMPESTRM',        ['unaligned'], 'SSE4_2'),
  op('66 0F 3A 61 /r ib',        'RMI', ['Vdq', 'Wdq', 'Ib'],    'PCMPESTRI',        ['unaligned'], 'SSE4_2'),
  op('66 0F 3A 62 /r ib',        'RMI', ['Vdq', 'Wdq', 'Ib'],    'PCMPISTRM',        ['unaligned'], 'SSE4_2'),
  op('66 0F 3A 63 /r ib',        'RMI', ['Vdq', 'Wdq', 'Ib'],    'PCMPISTRI',        ['unaligned'], 'SSE4_2'),
  op('NP 0F 3A CC /r ib',        'RMI', ['Vdq', 'Wdq', 'Ib'],    'SHA1RNDS4',        [], 'SHA'),
  op('66 0F 3A CE /r ib',        'RMI', ['Vdq', 'Wdq', 'Ib'],    'GF2P8AFFINEQB',    [], 'GFNI'),
  op('66 0F 3A CF /r ib',        'RMI', ['Vdq', 'Wdq', 'Ib'],    'GF2P8AFFINEINVQB', [], 'GFNI'),
  op('66 0F 3A DF /r ib',        'RMI', ['Vdq', 'Wdq', 'Ib'],    'AESKEYGENASSIST',  [], 'AESNI'),
  op('F3 0F 3A F0 C0 ib',        'I',   ['Ib'],                  'HRESET',           ['cpl0'], 'HRESET'),
]
