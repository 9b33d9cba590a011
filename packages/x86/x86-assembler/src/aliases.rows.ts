/**
 * Other names of mnemonics, and from assemblers' habit some more: name, then the row's mnemonic.
 * Source: SDM 2A §3.3 (Jcc, CMOVcc, LOOP), 2B §4.3 (SETcc, SAL), 2D §6.1 (WAIT, XLAT).
 */
export const aliases = {
  // the conditions, in the opcode map's spelling on the right
  JC:  'JB',    JNAE:  'JB',    JAE:  'JNB',   JNC:   'JNB',   JE:  'JZ',   JNE:   'JNZ',   JNA:  'JBE',   JA:    'JNBE',
  JPE: 'JP',    JPO:   'JNP',   JNGE: 'JL',    JGE:   'JNL',   JNG: 'JLE',  JG:    'JNLE',
  SETC:  'SETB',  SETNAE: 'SETB',  SETAE:  'SETNB', SETNC: 'SETNB', SETE:  'SETZ',  SETNE: 'SETNZ', SETNA: 'SETBE', SETA: 'SETNBE',
  SETPE: 'SETP',  SETPO:  'SETNP', SETNGE: 'SETL',  SETGE: 'SETNL', SETNG: 'SETLE', SETG:  'SETNLE',
  CMOVC:  'CMOVB', CMOVNAE: 'CMOVB',  CMOVAE:  'CMOVNB', CMOVNC: 'CMOVNB', CMOVE:  'CMOVZ',  CMOVNE: 'CMOVNZ', CMOVNA: 'CMOVBE', CMOVA: 'CMOVNBE',
  CMOVPE: 'CMOVP', CMOVPO:  'CMOVNP', CMOVNGE: 'CMOVL',  CMOVGE: 'CMOVNL', CMOVNG: 'CMOVLE', CMOVG:  'CMOVNLE',
  LOOPZ: 'LOOPE', LOOPNZ: 'LOOPNE',

  // the rest
  SAL: 'SHL', WAIT: 'FWAIT', XLATB: 'XLAT', RETN: 'RET', ICEBP: 'INT1',
} as const
