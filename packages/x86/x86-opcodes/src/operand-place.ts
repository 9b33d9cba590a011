/** Register files as operands name them: `xmm` holds YMM and ZMM, too, `bound` is MPX's, `tile` AMX's, `blockScale` ACE's one register. */
export type OperandFile =
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

/**
 * A size in bits, 0 for none, or one that depends: `v` is the operand size, `z` the same but never 64, `y` 64 if the
 * operand size is, else 32; `a` the address size; `x` the vector length, `x2`, `x4` and `x8` a half, a quarter and an eighth of it.
 * Source: SDM 2D §A.2.2.
 */
export type OperandSize = number | 'v' | 'z' | 'y' | 'a' | 'x' | 'x2' | 'x4' | 'x8'

/**
 * Where an operand is encoded and what it is there. `rm` is ModRM.r/m, with the sizes as a register and in memory
 * (undefined: it cannot be that), and `index`, the size of a vector that is the index of a memory operand (VSIB), or `sib`
 * where there must be a SIB byte; `moffs` an address without ModRM; `is4` a register in the upper half of the last byte, `nibble` a number in the
 * lower half of it.
 */
export type OperandPlace =
  | {
      readonly place: 'rm'
      readonly file: OperandFile
      readonly size: OperandSize | undefined
      readonly memory: OperandSize | undefined
      readonly index?: OperandSize
      readonly sib?: true
    }
  | { readonly place: 'reg' | 'vvvv' | 'opcode' | 'is4'; readonly file: OperandFile; readonly size: OperandSize }
  | { readonly place: 'fixed'; readonly file: OperandFile; readonly index: number; readonly size: OperandSize }
  | { readonly place: 'immediate'; readonly encoded: OperandSize; readonly size: OperandSize }
  | { readonly place: 'constant'; readonly value: number }
  | { readonly place: 'relative'; readonly encoded: OperandSize }
  | { readonly place: 'moffs'; readonly size: OperandSize }
  | { readonly place: 'far' }
  | { readonly place: 'nibble' }

/** ModRM.r/m: a register, or memory of the same size if not said otherwise. */
export function rm(file: OperandFile, size: OperandSize, inMemory: OperandSize = size): OperandPlace {
  return { place: 'rm', file, size, memory: inMemory }
}

/** ModRM.r/m that must be a register. */
export function rmRegister(file: OperandFile, size: OperandSize): OperandPlace {
  return { place: 'rm', file, size, memory: undefined }
}

/** ModRM.r/m that must be memory. */
export function memory(size: OperandSize): OperandPlace {
  return { place: 'rm', file: 'gpr', size: undefined, memory: size }
}

/** Memory at the sums of a base and the elements of a vector: each of the `size`, the vector as wide as `index`. */
export function gathered(size: OperandSize, index: OperandSize): OperandPlace {
  return { place: 'rm', file: 'gpr', size: undefined, memory: size, index }
}

/** Memory with a SIB byte: a tile's rows. */
export function withSib(size: OperandSize): OperandPlace {
  return { place: 'rm', file: 'gpr', size: undefined, memory: size, sib: true }
}

/** The upper half of the last byte. */
export function is4(file: OperandFile, size: OperandSize): OperandPlace {
  return { place: 'is4', file, size }
}

/** The lower half of the last byte. */
export function nibble(): OperandPlace {
  return { place: 'nibble' }
}

/** ModRM.reg. */
export function reg(file: OperandFile, size: OperandSize): OperandPlace {
  return { place: 'reg', file, size }
}

/** VEX.vvvv. */
export function vvvv(file: OperandFile, size: OperandSize): OperandPlace {
  return { place: 'vvvv', file, size }
}

/** The low three bits of the opcode. */
export function opcodeField(file: OperandFile, size: OperandSize): OperandPlace {
  return { place: 'opcode', file, size }
}

/** A register that the opcode implies. */
export function fixed(file: OperandFile, index: number, size: OperandSize): OperandPlace {
  return { place: 'fixed', file, index, size }
}

/** An immediate of `encoded` bits, sign-extended to `size` where that is wider. */
export function immediate(encoded: OperandSize, size: OperandSize): OperandPlace {
  return { place: 'immediate', encoded, size }
}

/** A number that the opcode implies: shift by 1. */
export function constant(value: number): OperandPlace {
  return { place: 'constant', value }
}

/** A branch displacement, signed, from the next instruction. */
export function relative(encoded: OperandSize): OperandPlace {
  return { place: 'relative', encoded }
}

/** Memory at an offset that follows the opcode, as wide as an address. */
export function moffs(size: OperandSize): OperandPlace {
  return { place: 'moffs', size }
}

/** An offset of operand size, then a 16-bit selector. */
export function far(): OperandPlace {
  return { place: 'far' }
}
