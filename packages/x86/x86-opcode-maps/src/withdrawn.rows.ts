import { spec } from '@vmm/source'
import { vectorBlock } from './block.ts'

const op = vectorBlock(spec('Intel Architecture Instruction Set Extensions Programming Reference 319433', 'chapter 2 of revisions 055 to 057, AMX-TRANSPOSE'))

/** What Intel announced and took back before any processor had it: decoded where it is asked for. */
export const withdrawn = [
  // opcode                      operands            mnemonic             needs, attributes
  op('VEX.128.NP.0F38.W0 48 /r', ['Ta', 'Tc', 'Tb'], 'TTMMULTF32PS',      'AMX_TRANSPOSE AMX_TF32', ['only64', 'optional', 'distinct']),
  op('VEX.128.F3.0F38.W0 5F /r', ['Ta', 'Tc'],       'TTRANSPOSED',       'AMX_TRANSPOSE', ['only64', 'optional']),
  op('VEX.128.NP.0F38.W0 6B /r', ['Ta', 'Tc', 'Tb'], 'TCONJTCMMIMFP16PS', 'AMX_TRANSPOSE AMX_COMPLEX', ['only64', 'optional', 'distinct']),
  op('VEX.128.66.0F38.W0 6B /r', ['Ta', 'Tc'],       'TCONJTFP16',        'AMX_TRANSPOSE AMX_COMPLEX', ['only64', 'optional']),
  op('VEX.128.F3.0F38.W0 6B /r', ['Ta', 'Tc', 'Tb'], 'TTCMMRLFP16PS',     'AMX_TRANSPOSE AMX_COMPLEX', ['only64', 'optional', 'distinct']),
  op('VEX.128.F2.0F38.W0 6B /r', ['Ta', 'Tc', 'Tb'], 'TTCMMIMFP16PS',     'AMX_TRANSPOSE AMX_COMPLEX', ['only64', 'optional', 'distinct']),
  op('VEX.128.F3.0F38.W0 6C /r', ['Ta', 'Tc', 'Tb'], 'TTDPBF16PS',        'AMX_TRANSPOSE AMX_BF16', ['only64', 'optional', 'distinct']),
  op('VEX.128.F2.0F38.W0 6C /r', ['Ta', 'Tc', 'Tb'], 'TTDPFP16PS',        'AMX_TRANSPOSE AMX_FP16', ['only64', 'optional', 'distinct']),
  op('VEX.128.NP.0F38.W0 6E /r', ['Ta', 'Msib'],     'T2RPNTLVWZ0',       'AMX_TRANSPOSE', ['only64', 'optional']),
  op('VEX.128.66.0F38.W0 6E /r', ['Ta', 'Msib'],     'T2RPNTLVWZ1',       'AMX_TRANSPOSE', ['only64', 'optional']),
  op('VEX.128.NP.0F38.W0 6F /r', ['Ta', 'Msib'],     'T2RPNTLVWZ0T1',     'AMX_TRANSPOSE', ['only64', 'optional']),
  op('VEX.128.66.0F38.W0 6F /r', ['Ta', 'Msib'],     'T2RPNTLVWZ1T1',     'AMX_TRANSPOSE', ['only64', 'optional']),
  op('VEX.128.NP.MAP5.W0 F8 /r', ['Ta', 'Msib'],     'T2RPNTLVWZ0RS',     'AMX_TRANSPOSE AMX_MOVRS', ['only64', 'optional']),
  op('VEX.128.66.MAP5.W0 F8 /r', ['Ta', 'Msib'],     'T2RPNTLVWZ1RS',     'AMX_TRANSPOSE AMX_MOVRS', ['only64', 'optional']),
  op('VEX.128.NP.MAP5.W0 F9 /r', ['Ta', 'Msib'],     'T2RPNTLVWZ0RST1',   'AMX_TRANSPOSE AMX_MOVRS', ['only64', 'optional']),
  op('VEX.128.66.MAP5.W0 F9 /r', ['Ta', 'Msib'],     'T2RPNTLVWZ1RST1',   'AMX_TRANSPOSE AMX_MOVRS', ['only64', 'optional']),
]
