import type { Source } from '@vmm/source'

/** How operands sit in the encoding: the manual's “Op/En” column, in short. */
export type OperandEncoding = 'ZO' | 'M' | 'MR' | 'RM' | 'MI' | 'RMI' | 'MRI' | 'I' | 'O' | 'OI' | 'D' | 'RVM' | 'RMV' | 'VM'

/**
 * An operand in the notation of SDM 2D Appendix A.2: addressing method, then size. Additions of ours: `Zb Zv Zq` is the
 * register in the low bits of the opcode, `Sw` a segment register, `RvMw` a general register of operand size or 16 bits
 * of memory, `STi ST0` x87 registers, `By` the register in VEX.vvvv.
 */
export type OperandCode =
  | 'Eb' | 'Ew' | 'Ed' | 'Eq' | 'Ev' | 'Ey' | 'Gb' | 'Gw' | 'Gd' | 'Gq' | 'Gv' | 'Gy' | 'By' | 'Gz' | 'Ez'
  | 'M' | 'Mb' | 'Mw' | 'Md' | 'Mq' | 'Mdq' | 'Mt' | 'Mv' | 'My' | 'Mp' | 'Ma' | 'Ms' | 'Mm' | 'Mx'
  | 'Rv' | 'Rd' | 'Rq' | 'Ry' | 'RvMw' | 'RdMw' | 'RdMb' | 'RyMb' | 'RyMw' | 'RvMd' | 'Sw' | 'Cy' | 'Dy'
  | 'Ib' | 'Ibs' | 'Iw' | 'Iz' | 'Iv' | 'Ob' | 'Ov' | 'Jb' | 'Jz' | 'Ap'
  | 'Zb' | 'Zv' | 'Zd' | 'Zq' | 'AL' | 'AX' | 'eAX' | 'rAX' | 'CL' | 'DX' | '1'
  | 'ES' | 'CS' | 'SS' | 'DS' | 'FS' | 'GS' | 'ST0' | 'STi'
  | 'Vdq' | 'Vq' | 'Vd' | 'Wdq' | 'Wq' | 'Wd' | 'Ww' | 'Wb' | 'Udq' | 'Uq' | 'Pq' | 'Qq' | 'Qd' | 'Nq' | 'XMM0'

/**
 * What else a row says: `lock` LOCK is allowed with a memory destination, `only64` and `not64` the code it exists in,
 * `default64` operands are 64 bits in 64-bit code (66H makes them 16), `force64` they are 64 bits there whatever the
 * prefixes say, `near64` the same for branches, `byte` the operand size is 8 bits, `cpl0` privileged, `rep` REP repeats
 * it, `repz` REPE and REPNE do, `wig` REX.W does nothing, `undocumented`.
 */
export type Attribute = 'lock' | 'only64' | 'not64' | 'default64' | 'force64' | 'byte' | 'cpl0' | 'rep' | 'repz' | 'undocumented' | 'alias'

/** One line of the opcode map. What it does is not said here: semantics has its own table. */
export interface OpcodeRow {
  /** Opcode as the manual prints it: mandatory prefix (NP 66 F2 F3), bytes, then /r, /digit or a fixed ModRM byte. */
  readonly opcode: string
  readonly encoding: OperandEncoding
  readonly operands: readonly OperandCode[]
  readonly mnemonic: string
  readonly attributes: readonly Attribute[]
  /** The CPUID feature that brings it, in the manual's spelling; undefined: every x86-64 has it. */
  readonly needs: string | undefined
  readonly source: Source
}

/** A row maker for one block of the map, whose source all its rows share. */
export function block(source: Source) {
  return (
    opcode: string,
    encoding: OperandEncoding,
    operands: readonly OperandCode[],
    mnemonic: string,
    attributes: readonly Attribute[] = [],
    needs?: string,
  ): OpcodeRow => ({ opcode, encoding, operands, mnemonic, attributes, needs, source })
}

