/** Code size of the segment that the bytes are in: CS.L and CS.D together. */
export type CodeSize = 16 | 32 | 64

/**
 * Where an operand lives. Segment registers count ES CS SS DS FS GS, as the encoding does. YMM and ZMM registers are in the file `xmm`,
 * `bound` are MPX's, `tile` AMX's.
 */
export type RegisterFile =
  | 'gpr'
  | 'segment'
  | 'control'
  | 'debug'
  | 'x87'
  | 'mmx'
  | 'xmm'
  | 'opmask'
  | 'bound'
  | 'tile'
  | 'blockScale'

/** What EVEX says of rounding: a mode, which suppresses exceptions, too; suppression alone (`sae`); or nothing. Source: SDM 2A §2.7.6. */
export type Rounding = 'none' | 'nearest' | 'down' | 'up' | 'zero' | 'sae'

/** What F2 and F3 hint. Source: SDM 2C, XACQUIRE/XRELEASE; SDM 1, the chapter on MPX of the editions that have it. */
export type PrefixHint = 'none' | 'xacquire' | 'xrelease' | 'bnd'

/** What an operand is: `relative` is a jump distance, `far` a pointer of selector and offset. */
export type OperandKind = 'register' | 'memory' | 'immediate' | 'relative' | 'far'

/**
 * One explicit operand. Objects are reused by the decoder from call to call.
 *
 * `register` has `file`, `index` and, for AH CH DH BH, `highByte` (then `index` is 0 to 3). An XMM or MMX register is as
 * wide as the part of it that takes part: a write of 32 or 64 bits leaves the rest alone.
 * `memory` is described by the instruction's address fields; there is at most one memory operand with a ModRM or
 * moffs address. Implicit string and stack memory is no explicit operand.
 * `immediate` has its value in `low` and `high`: the two's complement halves of the value, sign- or zero-extended to
 * `width` bits as the instruction uses it. `relative` has the signed displacement in `low` (counted from the next
 * instruction). `far` has the offset in `low` and the selector in `high`.
 */
export interface DecodedOperand {
  kind: OperandKind
  /**
   * Size in bits as the instruction uses it: 8, 16, 32, 64, 80, 128, …; 0 where the operand has no size (LEA's
   * memory). A far pointer in memory is as wide as its offset, BOUND's memory as one of its two bounds.
   */
  width: number
  file: RegisterFile
  index: number
  highByte: boolean
  /** Signed 32 bits. */
  low: number
  /** Signed 32 bits. */
  high: number
  /** Bytes that an immediate takes in the instruction, of which it is the last part; 0 for one that the opcode implies. */
  bytes: number
}

/** No register: an address without base or index. */
export const noRegister = -1
/** The base of a RIP-relative address; `displacement` counts from the next instruction. */
export const ripBase = 32

/** One decoded instruction: a reused record of plain fields. */
export interface Decoded {
  /** Bytes consumed, 1 to 15. */
  length: number
  /** Index into `rows` of x86-opcodes. */
  row: number
  /**
   * The row's mnemonic, which is the opcode map's: without size where one row covers sizes (`MOVS`, `CBW`, `IRET`; the byte
   * forms of strings are rows of their own, `MOVSB`), conditions spelt out (`JNBE`), far transfers `CALLF`, `JMPF`, `RETF`.
   */
  mnemonic: string
  codeSize: CodeSize
  /** Effective operand size in bits after prefixes, REX.W and 64-bit defaults (a near branch in 64-bit code: 64). */
  operandSize: 16 | 32 | 64
  /** Effective address size in bits. */
  addressSize: 16 | 32 | 64
  lock: boolean
  /** The REP prefix as the instruction takes it, mandatory prefixes excluded: F3 is `rep`, F2 is `repne`. */
  rep: 'none' | 'rep' | 'repne'
  /** What F2 or F3 hints where it neither repeats nor chooses: lock elision, which must have LOCK but for XCHG and stores, or that bounds stay as they are. */
  hint: PrefixHint
  /** Operands in the manual's (Intel's) order; `count` of them are in use. */
  operands: DecodedOperand[]
  count: number
  /** Effective segment of the memory operand or of the string source: 0 to 5, override and defaults resolved (SS with BP, ESP, RSP bases). */
  segment: number
  /** A segment-override prefix was there, whether or not it changed anything. */
  segmentOverride: boolean
  /** The last segment-override prefix is 3E, which an indirect near branch takes as NOTRACK. Source: SDM 1 §17.3.3. */
  noTrack: boolean
  /** Address registers: 0 to 31, `noRegister`, or `ripBase`. 16-bit forms use the same fields (BX+SI is base 3, index 6). */
  base: number
  index: number
  /** The index is shifted left by this: 0 to 3. */
  scale: number
  /** The index is a vector register that holds so many bits of indices (VSIB); 0: it is a general register. */
  indexWidth: number
  /** Signed 32 bits, sign-extended from what was encoded; an 8-bit displacement of EVEX is already multiplied. */
  displacement: number
  /** The upper half of a 64-bit moffs address; otherwise the sign of `displacement`. */
  displacementHigh: number
  /** Bits of the vectors that VEX, EVEX and XOP instructions work on: 128, 256 or 512; 0 where there is none of these prefixes. */
  vectorLength: 0 | 128 | 256 | 512
  /** The opmask register that chooses elements; 0: all of them. */
  mask: number
  /** Elements that the mask leaves out become zero instead of being kept. */
  zeroing: boolean
  /** The memory operand is one element, as wide as its width says, for all elements. */
  broadcast: boolean
  rounding: Rounding
  /** EVEX.NF, of APX: flags stay as they are. */
  noFlags: boolean
  /** Of CCMP and CTEST, the condition as EVEX.SC has it: 0 to 15 for O NO B NB Z NZ BE NBE S NS T F L NL LE NLE, T and F being always and never. */
  condition: number
  /** Of CCMP and CTEST, the flags where the condition is not met: OF in bit 3, SF in 2, ZF in 1, CF in 0. */
  defaultFlags: number
}

/** Why bytes are no instruction. `truncated` may become one with more bytes; `invalid` is #UD; `too-long` is #GP(0). */
export type DecodeFailure = 'truncated' | 'invalid' | 'too-long'
