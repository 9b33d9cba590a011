import { bit, bits } from '@vmm/bits'
import { sdm } from '@vmm/source'
import { flag, leaf } from './leaf.ts'

const source = sdm('2A', '3.3', 'CPUID—CPU Identification')

export const leaf1D = leaf(0x1d, 0, 'Tile Information', source, {
  eax: { MAX_PALETTE: bits(31, 0, 'The highest palette') },
})

export const leaf1DPalette = leaf(0x1d, { from: 1 }, 'Tile Palette', source, {
  eax: { TOTAL_TILE_BYTES: bits(15, 0, 'Bytes of all tiles'), BYTES_PER_TILE: bits(31, 16, 'Bytes of one tile') },
  ebx: { BYTES_PER_ROW:    bits(15, 0, 'Bytes of a row'),     MAX_TILES:      bits(31, 16, 'Tile registers') },
  ecx: { MAX_ROWS:         bits(15, 0, 'Rows of a tile') },
})

export const leaf1E = leaf(0x1e, 0, 'TMUL Information', source, {
  ebx: { TMUL_MAXK: bits(7, 0, 'Rows or columns'), TMUL_MAXN: bits(23, 8, 'Column bytes') },
})

export const leaf1ESub1 = leaf(0x1e, 1, 'TMUL Features', source, {
  eax: {
    TMUL_AMX_INT8:    flag(0, 'As in leaf 07H'),
    TMUL_AMX_BF16:    flag(1, 'As in leaf 07H'),
    TMUL_AMX_COMPLEX: flag(2, 'As in leaf 07H'),
    TMUL_AMX_FP16:    flag(3, 'As in leaf 07H'),
    AMX_FP8:          bit (4, 'AMX on 8-bit floating point'),
    AMX_TRANSPOSE:    bit (5, 'AMX transposing loads'),
    AMX_TF32:         bit (6, 'AMX on TF32'),
    AMX_AVX512:       bit (7, 'AMX to AVX-512 moves'),
    AMX_MOVRS:        bit (8, 'AMX TILELOADDRS'),
  },
})

export const leaf24 = leaf(0x24, 0, 'AVX10', source, {
  eax: { MAX_AVX10_SUBLEAF: bits(31, 0, 'The highest sub-leaf of leaf 24H') },
  ebx: {
    AVX10_VERSION: bits( 7, 0, 'Version of AVX10'),
    AVX10_VL128:   bit (16,    'Vectors of 128 bits'),
    AVX10_VL256:   bit (17,    'Vectors of 256 bits'),
    AVX10_VL512:   bit (18,    'Vectors of 512 bits'),
  },
})

export const leaf24Sub1 = leaf(0x24, 1, 'AVX10, Sub-leaf 1', source, {
  ecx: { AVX10_VNNI_INT: bit(2, 'AVX10 8-bit and 16-bit neural network instructions') },
})
