import { spec } from '@vmm/source'
import { vectorBlock } from './block.ts'

const op = vectorBlock(spec('Intel Architecture Instruction Set Extensions Programming Reference 319433', 'chapter 2'))

/** VEX and EVEX, what Intel has announced beside AVX10.2: newer AMX, MOVRS, SM4 of all registers, immediate MSR numbers. */
export const announced = [
  // opcode                          operands            mnemonic           needs, attributes
  op('VEX.128.66.0F38.W0 48 /r',     ['Ta', 'Tc', 'Tb'], 'TMMULTF32PS',     'AMX_TF32', ['only64', 'distinct']),
  op('VEX.128.66.0F38.W0 4A /r',     ['Ta', 'Msib'],     'TILELOADDRST1',   'AMX_MOVRS', ['only64']),
  op('VEX.128.F2.0F38.W0 4A /r',     ['Ta', 'Msib'],     'TILELOADDRS',     'AMX_MOVRS', ['only64']),
  op('VEX.128.NP.MAP5.W0 FD /r',     ['Ta', 'Tc', 'Tb'], 'TDPBF8PS',        'AMX_FP8', ['only64', 'distinct']),
  op('VEX.128.66.MAP5.W0 FD /r',     ['Ta', 'Tc', 'Tb'], 'TDPHF8PS',        'AMX_FP8', ['only64', 'distinct']),
  op('VEX.128.F3.MAP5.W0 FD /r',     ['Ta', 'Tc', 'Tb'], 'TDPHBF8PS',       'AMX_FP8', ['only64', 'distinct']),
  op('VEX.128.F2.MAP5.W0 FD /r',     ['Ta', 'Tc', 'Tb'], 'TDPBHF8PS',       'AMX_FP8', ['only64', 'distinct']),
  op('VEX.128.F2.MAP7.W0 F6 /0 id',  ['Rq', 'Id'],       'RDMSR',           'MSR_IMM', ['only64', 'cpl0']),
  op('VEX.128.F3.MAP7.W0 F6 /0 id',  ['Id', 'Rq'],       'WRMSRNS',         'MSR_IMM', ['only64', 'cpl0']),
  op('EVEX.512.66.0F38.W0 4A /r',    ['Vx', 'Tc', 'Bd'], 'TILEMOVROW',      'AMX_AVX512', ['only64']),
  op('EVEX.512.F3.0F38.W0 4A /r',    ['Vx', 'Tc', 'Bd'], 'TCVTROWD2PS',     'AMX_AVX512', ['only64']),
  op('EVEX.512.NP.0F38.W0 6D /r',    ['Vx', 'Tc', 'Bd'], 'TCVTROWPS2PHH',   'AMX_AVX512', ['only64']),
  op('EVEX.512.66.0F38.W0 6D /r',    ['Vx', 'Tc', 'Bd'], 'TCVTROWPS2PHL',   'AMX_AVX512', ['only64']),
  op('EVEX.512.F3.0F38.W0 6D /r',    ['Vx', 'Tc', 'Bd'], 'TCVTROWPS2BF16L', 'AMX_AVX512', ['only64']),
  op('EVEX.512.F2.0F38.W0 6D /r',    ['Vx', 'Tc', 'Bd'], 'TCVTROWPS2BF16H', 'AMX_AVX512', ['only64']),
  op('EVEX.F3.0F38.W0 DA /r',        ['Vx', 'Hx', 'Wx'], 'VSM4KEY4',        'SM4 AVX10_2'),
  op('EVEX.F2.0F38.W0 DA /r',        ['Vx', 'Hx', 'Wx'], 'VSM4RNDS4',       'SM4 AVX10_2'),
  op('EVEX.512.NP.0F3A.W0 07 /r ib', ['Vx', 'Tc', 'Ib'], 'TCVTROWPS2PHH',   'AMX_AVX512', ['only64']),
  op('EVEX.512.66.0F3A.W0 07 /r ib', ['Vx', 'Tc', 'Ib'], 'TILEMOVROW',      'AMX_AVX512', ['only64']),
  op('EVEX.512.F3.0F3A.W0 07 /r ib', ['Vx', 'Tc', 'Ib'], 'TCVTROWD2PS',     'AMX_AVX512', ['only64']),
  op('EVEX.512.F2.0F3A.W0 07 /r ib', ['Vx', 'Tc', 'Ib'], 'TCVTROWPS2BF16H', 'AMX_AVX512', ['only64']),
  op('EVEX.512.F3.0F3A.W0 77 /r ib', ['Vx', 'Tc', 'Ib'], 'TCVTROWPS2BF16L', 'AMX_AVX512', ['only64']),
  op('EVEX.512.F2.0F3A.W0 77 /r ib', ['Vx', 'Tc', 'Ib'], 'TCVTROWPS2PHL',   'AMX_AVX512', ['only64']),
  op('EVEX.F3.MAP5.W0 6F /r',        ['Vx', 'Mx'],       'VMOVRSD',         'MOVRS AVX10_2', ['maskz', 'only64']),
  op('EVEX.F3.MAP5.W1 6F /r',        ['Vx', 'Mx'],       'VMOVRSQ',         'MOVRS AVX10_2', ['maskz', 'only64']),
  op('EVEX.F2.MAP5.W0 6F /r',        ['Vx', 'Mx'],       'VMOVRSB',         'MOVRS AVX10_2', ['maskz', 'only64']),
  op('EVEX.F2.MAP5.W1 6F /r',        ['Vx', 'Mx'],       'VMOVRSW',         'MOVRS AVX10_2', ['maskz', 'only64']),
]
