import { spec } from '@vmm/source'
import { block } from './block.ts'

const op = block(spec('GNU as 2.46', 'opcodes/i386-opc.tbl, PadLock and GMI of Zhaoxin'))

/** What Zhaoxin added to VIA's PadLock: decoded where it is asked for. */
export const zhaoxin = [
  // opcode         op/en operands mnemonic, attributes, needs
  op('F2 0F A6 C0', 'ZO', [], 'SM2',         ['optional'], 'SM2'),
  op('F3 0F A6 D8', 'ZO', [], 'XSHA384',     ['optional'], 'PHE2'),
  op('F3 0F A6 E0', 'ZO', [], 'XSHA512',     ['optional'], 'PHE2'),
  op('F3 0F A6 E8', 'ZO', [], 'CCS_HASH',    ['optional'], 'CCS'),
  op('F3 0F A6 F0', 'ZO', [], 'MONTMUL2',    ['optional'], 'XMODX'),
  op('F3 0F A6 F8', 'ZO', [], 'XMODEXP',     ['optional'], 'XMODX'),
  op('F3 0F A7 F0', 'ZO', [], 'CCS_ENCRYPT', ['optional'], 'CCS'),
  op('F3 0F A7 F8', 'ZO', [], 'XRNG2',       ['optional'], 'RNG2'),
]
