import { bits } from '@vmm/bits'
import { spec } from '@vmm/source'
import { leaf } from './leaf.ts'

const source = spec('sandpile.org, CPUID', 'AMD, levels 8FFF_FFFEh and 8FFF_FFFFh')

export const leaf8FFFFFFE = leaf(0x8fff_fffe, 'any', 'AMD Message, Number', source, {
  eax: { AMD_MESSAGE_NUMBER: bits(31, 0, 'The characters DEI, backwards') },
})

export const leaf8FFFFFFF = leaf(0x8fff_ffff, 'any', 'AMD Message, Text', source, {
  eax: { AMD_MESSAGE_0:  bits(31, 0, 'Four characters of IT\'S HAMMER TIME') },
  ebx: { AMD_MESSAGE_4:  bits(31, 0, 'Four characters') },
  ecx: { AMD_MESSAGE_8:  bits(31, 0, 'Four characters') },
  edx: { AMD_MESSAGE_12: bits(31, 0, 'Four characters') },
})
