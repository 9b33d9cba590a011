import type { Source } from '@vmm/source'
import { operandCodes } from './operand-codes.rows.ts'
import type { OperandPlace } from './operand-place.ts'

/** An operand in the notation of SDM 2D Appendix A.2. */
export type OperandCode = keyof ReturnType<typeof operandCodes>

/**
 * How operands sit in the encoding: the manual's “Op/En” column. One letter an operand: `M` ModRM.r/m, `R` ModRM.reg,
 * `V` VEX.vvvv, `O` the opcode's low bits, `I` immediate or moffs, `D` displacement, `C` CL, `1` one, `0` XMM0; nothing
 * for a register that the opcode implies. A register in the last byte (/is4) is an `R`, too. `ZO`: no operand is encoded.
 */
export type OperandEncoding =
  | 'ZO'
  | 'M'
  | 'MR'
  | 'RM'
  | 'MI'
  | 'M1'
  | 'MC'
  | 'RMI'
  | 'MRI'
  | 'MRC'
  | 'RM0'
  | 'I'
  | 'II'
  | 'O'
  | 'OI'
  | 'D'
  | 'RVM'
  | 'RMV'
  | 'VM'
  | VectorEncoding

/** Those of vectors. */
export type VectorEncoding =
  | 'R'
  | 'RVMI'
  | 'RVMR'
  | 'RVRM'
  | 'RVMRI'
  | 'RVRMI'
  | 'MVR'
  | 'MRV'
  | 'VMI'
  | 'IM'
  | 'RMII'
  | 'RMVI'
  | 'MII'
  | 'VMR'
  | 'VRM'
  | 'VMRI'
  | 'VMRC'
  | 'VMC'
  | 'VM1'

/** What else can be said of a row; each word is explained in `attributeMeanings`. */
export type Attribute = keyof typeof attributeMeanings

/** The attributes and what they mean. */
export const attributeMeanings = {
  lock: 'LOCK is allowed when the first operand is memory',
  only64: 'exists in 64-bit code alone',
  not64: '#UD in 64-bit code',
  default64: 'operands are 64 bits in 64-bit code unless 66H makes them 16',
  force64: 'operands are 64 bits in 64-bit code whatever the prefixes say',
  cpl0: '#GP(0) unless CPL is 0',
  rep: 'F2 and F3 both repeat it',
  repz: 'F3 repeats it while ZF is set, F2 while it is clear',
  noRexB: 'only without REX.B',
  anyMod: 'ModRM.mod is ignored: r/m is a register',
  unaligned: 'a 128-bit memory operand need not be aligned, as it must be elsewhere in legacy SSE',
  alias: 'another encoding of the same instruction, which an assembler does not choose',
  undocumented: "works, but is not in Intel's manual",
  optional: 'VIA PadLock, APX, and what was withdrawn: decoded where it is asked for alone',
  hint: 'does nothing on processors without its feature, where it is a reserved NOP',
  ripOnly: 'the memory operand must be RIP-relative',
  notRip: 'the memory operand cannot be RIP-relative, and addresses are not of 16 bits',
  no66: '#UD with 66H',
  no16: 'addresses are not of 16 bits',
  mask: 'an opmask register may choose elements; the others are kept',
  maskz: 'an opmask register may choose elements; the others are kept or become zero',
  maskNeeded: 'an opmask register other than K0 chooses elements',
  b16: 'one 16-bit number of memory may be broadcast',
  b32: 'one 32-bit number of memory may be broadcast',
  b64: 'one 64-bit number of memory may be broadcast',
  sae: 'with registers alone, floating-point exceptions may be suppressed',
  er: 'with registers alone, the rounding mode may be in the instruction',
  erIgnored: 'with registers alone, a rounding mode may be in the instruction, but there is nothing to round',
  n8: 'an 8-bit displacement counts bytes',
  n16: 'an 8-bit displacement counts 16-bit elements',
  n32: 'an 8-bit displacement counts 32-bit elements',
  n64: 'an 8-bit displacement counts 64-bit elements',
  wide: 'not with vectors of 128 bits',
  avx2: 'with vectors of 256 bits it needs AVX2',
  vaes: 'with vectors of 256 bits it needs VAES',
  vpclmulqdq: 'with vectors of 256 bits it needs VPCLMULQDQ',
  rm0: 'ModRM.r/m must be register 0',
  nd: 'EVEX.ND is 1: the first operand is a new destination in EVEX.vvvv, or, where none is there, all of the register is written',
  nf: 'EVEX.NF may be 1: flags stay as they are',
  nf1: 'EVEX.NF is 1',
  scc: 'EVEX has a condition, and the flags that are left where it is not met',
  noRex2: '#UD with REX2',
  notSp: '#UD if one of its registers is RSP',
  distinct: '#UD unless all its registers differ, an index included',
  distinctFirst: '#UD if the first operand is also another one',
} as const

/** One line of the opcode map. What it does is not said here: semantics has its own table. */
export interface OpcodeRow {
  /**
   * The encoding as the manual prints it (SDM 2A §3.1.1.1): mandatory prefix (NP, NFx, 66, F2, F3), REX.W, opcode bytes,
   * then /r, /digit or a whole ModRM byte, then immediates (ib iw) and code offsets (cb cp). `iz`, `iv` and `cz` are
   * sized by the operand size, `+r` is a register in the opcode and `+i` an x87 register in ModRM. VEX rows:
   * `VEX.LZ.F2.0F38 F6 /r`; NFx is of EVEX, too, where 66 chooses 16-bit operands; `REX2.W1 50+r` is what REX2 alone introduces; without W0 or W1 the W bit chooses the size of `y` operands.
   */
  readonly opcode: string
  readonly encoding: OperandEncoding
  readonly operands: readonly OperandCode[]
  readonly mnemonic: string
  readonly attributes: readonly Attribute[]
  /** The CPUID features that bring it, by their names in the manual, with a blank between; undefined: every processor has it. */
  readonly needs: string | undefined
  readonly source: Source
}

/** The Op/En letters that operand codes amount to. */
export function encodingOf(operands: readonly OperandCode[]): OperandEncoding {
  return (operands.map(letterOf).join('') || 'ZO') as OperandEncoding
}

function letterOf(code: OperandCode): string {
  const place = placeOf(code)
  switch (place.place) {
    case 'rm':
      return place.file === 'x87' ? 'O' : 'M'
    case 'reg':
    case 'is4':
      return 'R'
    case 'vvvv':
      return 'V'
    case 'opcode':
      return 'O'
    case 'immediate':
    case 'moffs':
    case 'nibble':
      return 'I'
    case 'constant':
      return '1'
    case 'relative':
    case 'far':
      return 'D'
    case 'fixed':
      return code === 'CL' ? 'C' : code === 'XMM0' ? '0' : ''
    default:
      return place satisfies never
  }
}

let places: Readonly<Record<OperandCode, OperandPlace>> | undefined

/** Where an operand of this code is encoded, and how wide it is there. */
export function placeOf(code: OperandCode): OperandPlace {
  places ??= operandCodes()
  return places[code]
}
