import { type ArithmeticFlag, rflags } from '@vmm/x86-registers'
import type { FlagEquations } from '@vmm/x86-semantics'
import type { Code } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'
import { nodeOf } from './value.ts'

/** Flags by their equations, each where RFLAGS has it; 0 where all others are. */
export const flagsInPlace = (code: Code, equations: FlagEquations, flags: readonly ArithmeticFlag[]): Node =>
  flags
    .map((flag) => code.op('i32.shl', nodeOf(equations[flag]!()), code.i32(rflags[flag].low)))
    .reduce((all, one) => code.op('i32.or', all, one), code.i32(0))

/** The bits of RFLAGS that flags are. */
export const maskOfFlags = (flags: readonly ArithmeticFlag[]): number =>
  flags.reduce((bits, flag) => bits | (1 << rflags[flag].low), 0)
