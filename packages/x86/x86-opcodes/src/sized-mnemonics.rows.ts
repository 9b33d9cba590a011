import { type Source, sdm, spec } from '@vmm/source'

/** What one row's mnemonic is called at each size. */
export interface SizedMnemonic {
  /** The size that chooses: of operands, or of addresses. */
  readonly by: 'operand' | 'address'
  /** Names at 16, 32 and 64 bits. */
  readonly names: readonly [string, string, string]
  readonly source: Source
}

function row<const Names extends SizedMnemonic['names']>(names: Names, source: Source, by: SizedMnemonic['by'] = 'operand') {
  return { by, names, source }
}

const gnu = spec('Using as', '9.16.4 Instruction Naming')

/** Rows whose mnemonic has other spellings for its sizes. */
export const sizedMnemonics = {
  // row       16          32          64             source
  CBW:     row(['CBW',      'CWDE',     'CDQE'],       sdm('2A', '3.3', 'CBW/CWDE/CDQE')),
  CWD:     row(['CWD',      'CDQ',      'CQO'],        sdm('2A', '3.3', 'CWD/CDQ/CQO')),
  PUSHA:   row(['PUSHA',    'PUSHAD',   'PUSHAD'],     sdm('2B', '4.3', 'PUSHA/PUSHAD')),
  POPA:    row(['POPA',     'POPAD',    'POPAD'],      sdm('2B', '4.3', 'POPA/POPAD')),
  PUSHF:   row(['PUSHF',    'PUSHFD',   'PUSHFQ'],     sdm('2B', '4.3', 'PUSHF/PUSHFD/PUSHFQ')),
  POPF:    row(['POPF',     'POPFD',    'POPFQ'],      sdm('2B', '4.3', 'POPF/POPFD/POPFQ')),
  INS:     row(['INSW',     'INSD',     'INSD'],       sdm('2A', '3.3', 'INS/INSB/INSW/INSD')),
  OUTS:    row(['OUTSW',    'OUTSD',    'OUTSD'],      sdm('2B', '4.3', 'OUTS/OUTSB/OUTSW/OUTSD')),
  MOVS:    row(['MOVSW',    'MOVSD',    'MOVSQ'],      sdm('2B', '4.3', 'MOVS/MOVSB/MOVSW/MOVSD/MOVSQ')),
  CMPS:    row(['CMPSW',    'CMPSD',    'CMPSQ'],      sdm('2A', '3.3', 'CMPS/CMPSB/CMPSW/CMPSD/CMPSQ')),
  STOS:    row(['STOSW',    'STOSD',    'STOSQ'],      sdm('2B', '4.3', 'STOS/STOSB/STOSW/STOSD/STOSQ')),
  LODS:    row(['LODSW',    'LODSD',    'LODSQ'],      sdm('2A', '3.3', 'LODS/LODSB/LODSW/LODSD/LODSQ')),
  SCAS:    row(['SCASW',    'SCASD',    'SCASQ'],      sdm('2B', '4.3', 'SCAS/SCASB/SCASW/SCASD')),
  IRET:    row(['IRET',     'IRETD',    'IRETQ'],      sdm('2A', '3.3', 'IRET/IRETD/IRETQ')),
  RETF:    row(['RETFW',    'RETF',     'RETFQ'],      gnu),
  SYSRET:  row(['SYSRET',   'SYSRET',   'SYSRETQ'],    gnu),
  SYSEXIT: row(['SYSEXIT',  'SYSEXIT',  'SYSEXITQ'],   gnu),
  JRCXZ:   row(['JCXZ',     'JECXZ',    'JRCXZ'],      sdm('2A', '3.3', 'Jcc—Jump if Condition Is Met'), 'address'),
  FXSAVE:  row(['FXSAVE',   'FXSAVE',   'FXSAVE64'],   sdm('2A', '3.3', 'FXSAVE')),
  FXRSTOR: row(['FXRSTOR',  'FXRSTOR',  'FXRSTOR64'],  sdm('2A', '3.3', 'FXRSTOR')),
  XSAVE:   row(['XSAVE',    'XSAVE',    'XSAVE64'],    sdm('2D', '6.1', 'XSAVE')),
  XRSTOR:  row(['XRSTOR',   'XRSTOR',   'XRSTOR64'],   sdm('2D', '6.1', 'XRSTOR')),
  XSAVEOPT: row(['XSAVEOPT', 'XSAVEOPT', 'XSAVEOPT64'], sdm('2D', '6.1', 'XSAVEOPT')),
  XSAVEC:  row(['XSAVEC',   'XSAVEC',   'XSAVEC64'],   sdm('2D', '6.1', 'XSAVEC')),
  XSAVES:  row(['XSAVES',   'XSAVES',   'XSAVES64'],   sdm('2D', '6.1', 'XSAVES')),
  XRSTORS: row(['XRSTORS',  'XRSTORS',  'XRSTORS64'],  sdm('2D', '6.1', 'XRSTORS')),
} as const satisfies Readonly<Record<string, SizedMnemonic>>
