import { apm } from '@vmm/source'
import { block } from './block.ts'

const op = block(apm('5', '2', '3DNow! Instruction Reference'))

/** 3DNow!: 0F 0F, whose own byte comes behind the address. */
export const threeDNow = [
  // opcode         op/en  operands      mnemonic, attributes, needs
  op('0F 0F /r 0C',  'RM', ['Pq', 'Qq'], 'PI2FW',    [], 'EXT_3DNOW'),
  op('0F 0F /r 0D',  'RM', ['Pq', 'Qq'], 'PI2FD',    [], 'AMD_3DNOW'),
  op('0F 0F /r 1C',  'RM', ['Pq', 'Qq'], 'PF2IW',    [], 'EXT_3DNOW'),
  op('0F 0F /r 1D',  'RM', ['Pq', 'Qq'], 'PF2ID',    [], 'AMD_3DNOW'),
  op('0F 0F /r 8A',  'RM', ['Pq', 'Qq'], 'PFNACC',   [], 'EXT_3DNOW'),
  op('0F 0F /r 8E',  'RM', ['Pq', 'Qq'], 'PFPNACC',  [], 'EXT_3DNOW'),
  op('0F 0F /r 90',  'RM', ['Pq', 'Qq'], 'PFCMPGE',  [], 'AMD_3DNOW'),
  op('0F 0F /r 94',  'RM', ['Pq', 'Qq'], 'PFMIN',    [], 'AMD_3DNOW'),
  op('0F 0F /r 96',  'RM', ['Pq', 'Qq'], 'PFRCP',    [], 'AMD_3DNOW'),
  op('0F 0F /r 97',  'RM', ['Pq', 'Qq'], 'PFRSQRT',  [], 'AMD_3DNOW'),
  op('0F 0F /r 9A',  'RM', ['Pq', 'Qq'], 'PFSUB',    [], 'AMD_3DNOW'),
  op('0F 0F /r 9E',  'RM', ['Pq', 'Qq'], 'PFADD',    [], 'AMD_3DNOW'),
  op('0F 0F /r A0',  'RM', ['Pq', 'Qq'], 'PFCMPGT',  [], 'AMD_3DNOW'),
  op('0F 0F /r A4',  'RM', ['Pq', 'Qq'], 'PFMAX',    [], 'AMD_3DNOW'),
  op('0F 0F /r A6',  'RM', ['Pq', 'Qq'], 'PFRCPIT1', [], 'AMD_3DNOW'),
  op('0F 0F /r A7',  'RM', ['Pq', 'Qq'], 'PFRSQIT1', [], 'AMD_3DNOW'),
  op('0F 0F /r AA',  'RM', ['Pq', 'Qq'], 'PFSUBR',   [], 'AMD_3DNOW'),
  op('0F 0F /r AE',  'RM', ['Pq', 'Qq'], 'PFACC',    [], 'AMD_3DNOW'),
  op('0F 0F /r B0',  'RM', ['Pq', 'Qq'], 'PFCMPEQ',  [], 'AMD_3DNOW'),
  op('0F 0F /r B4',  'RM', ['Pq', 'Qq'], 'PFMUL',    [], 'AMD_3DNOW'),
  op('0F 0F /r B6',  'RM', ['Pq', 'Qq'], 'PFRCPIT2', [], 'AMD_3DNOW'),
  op('0F 0F /r B7',  'RM', ['Pq', 'Qq'], 'PMULHRW',  [], 'AMD_3DNOW'),
  op('0F 0F /r BB',  'RM', ['Pq', 'Qq'], 'PSWAPD',   [], 'EXT_3DNOW'),
  op('0F 0F /r BF',  'RM', ['Pq', 'Qq'], 'PAVGUSB',  [], 'AMD_3DNOW'),
]
