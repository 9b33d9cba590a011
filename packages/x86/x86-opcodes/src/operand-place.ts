/** Register files as operands name them. */
export type OperandFile = 'gpr' | 'segment' | 'control' | 'debug' | 'x87' | 'mmx' | 'xmm'

/**
 * A size in bits, 0 for none, or one that depends: `v` is the operand size, `z` the same but never 64, `y` 64 if the
 * operand size is, else 32. Source: SDM 2D §A.2.2.
 */
export type OperandSize = number | 'v' | 'z' | 'y'

/**
 * Where an operand is encoded and what it is there. `rm` is ModRM.r/m, with the sizes as a register and in memory
 * (undefined: it cannot be that); `moffs` an address without ModRM.
 */
export type OperandPlace =
  | {
      readonly place: 'rm'
      readonly file: OperandFile
      readonly size: OperandSize | undefined
      readonly memory: OperandSize | undefined
    }
  | { readonly place: 'reg' | 'vvvv' | 'opcode'; readonly file: OperandFile; readonly size: OperandSize }
  | { readonly place: 'fixed'; readonly file: OperandFile; readonly index: number; readonly size: OperandSize }
  | { readonly place: 'immediate'; readonly encoded: OperandSize; readonly size: OperandSize }
  | { readonly place: 'constant'; readonly value: number }
  | { readonly place: 'relative'; readonly encoded: OperandSize }
  | { readonly place: 'moffs'; readonly size: OperandSize }
  | { readonly place: 'far' }

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
