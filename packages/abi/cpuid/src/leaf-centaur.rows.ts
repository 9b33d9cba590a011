import { bit, bits } from '@vmm/bits'
import { kernelSource } from '@vmm/source'
import { leaf } from './leaf.ts'

const source = kernelSource('arch/x86/include/asm/cpufeatures.h', 'VIA/Cyrix/Centaur-defined, level C0000001H', '6.12')

export const leafC0000000 = leaf(0xc000_0000, 'any', 'Maximum Centaur Leaf', source, {
  eax: { MAX_CENTAUR_LEAF: bits(31, 0, 'The highest leaf of this range') },
})

export const leafC0000001 = leaf(0xc000_0001, 'any', 'Centaur Features', source, {
  edx: {
    XSTORE:    bit( 2, 'The random number generator, XSTORE'),
    XSTORE_EN: bit( 3, 'It is enabled'),
    XCRYPT:    bit( 6, 'The cryptography engine, XCRYPT'),
    XCRYPT_EN: bit( 7, 'It is enabled'),
    ACE2:      bit( 8, 'The second cryptography engine'),
    ACE2_EN:   bit( 9, 'It is enabled'),
    PHE:       bit(10, 'The hash engine'),
    PHE_EN:    bit(11, 'It is enabled'),
    PMM:       bit(12, 'The Montgomery multiplier'),
    PMM_EN:    bit(13, 'It is enabled'),
  },
})
