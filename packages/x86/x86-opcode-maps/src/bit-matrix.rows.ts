import { spec } from '@vmm/source'
import { vectorBlock } from './block.ts'

const op = vectorBlock(spec('AMD64 Bit Matrix Multiply and Bit Reversal Instructions 69192', 'Instruction Reference'))

/** EVEX, map 6: AMD's products of matrices of bits. */
export const bitMatrix = [
  // opcode                   operands            mnemonic            needs, attributes
  op('EVEX.NP.MAP6.W0 80 /r', ['Vx', 'Hx', 'Wx'], 'VBMACOR16X16X16',  'AVX512_BMM', ['wide']),
  op('EVEX.NP.MAP6.W1 80 /r', ['Vx', 'Hx', 'Wx'], 'VBMACXOR16X16X16', 'AVX512_BMM', ['wide']),
  op('EVEX.NP.MAP6.W0 81 /r', ['Vx', 'Wx'],       'VBITREVB',         'AVX512_BMM', ['maskz']),
]
