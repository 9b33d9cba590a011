import {
  type Access,
  accessOf,
  type ControlFlow,
  controlFlowOf,
  type FlagEffects,
  featuresOf,
  flagsOf,
} from '@vmm/x86-opcodes'
import type { Decoded } from './decoded.ts'
import { rowOf } from './row-of.ts'

/** What is known of an instruction without executing it. */
export interface InstructionInformation {
  /** What it does to each explicit operand, in their order. With a mask that merges, what is written keeps some of what was there. */
  readonly access: readonly Access[]
  readonly flags: FlagEffects
  readonly controlFlow: ControlFlow
  /** Bytes that it adds to the stack pointer, negative where it pushes; undefined where that is not known before it runs, as with LEAVE. */
  readonly stackPointerChange: number | undefined
  /** CPUID features that bring it, by their names in the manual. */
  readonly features: readonly string[]
  /** #GP(0) unless CPL is 0. */
  readonly privileged: boolean
  /** LOCK is allowed where its first operand is memory. */
  readonly lockable: boolean
}

/** What is known of a decoded instruction: a plain object. Implied registers and implied memory are not in it. */
export function informationOf(decoded: Decoded): InstructionInformation {
  const row = rowOf(decoded)
  const merges = decoded.mask !== 0 && !decoded.zeroing
  return {
    access: accessOf(row).map((access) => (merges && access === 'write' ? 'read-write' : access)),
    flags: flagsOf(row),
    controlFlow: controlFlowOf(row),
    stackPointerChange: stackPointerChange(decoded),
    features: featuresOf(row, decoded.vectorLength),
    privileged: row.attributes.includes('cpl0'),
    lockable: row.attributes.includes('lock'),
  }
}

/** Items that are pushed (negative) or popped, of the operand size. IRET's depend on the code it is in. */
const items: Readonly<Record<string, number | undefined>> = {
  ...{ PUSH: -1, PUSHF: -1, PUSHA: -8, CALL: -1, CALLF: -2, POP: 1, POPF: 1, POPA: 8, RET: 1, RETF: 2 },
}

/** Source: the instructions' own pages; ENTER pushes a frame pointer for each level and makes room. */
function stackPointerChange(decoded: Decoded): number | undefined {
  const { mnemonic, operandSize, codeSize, operands, count } = decoded
  const bytes = operandSize / 8
  switch (mnemonic) {
    case 'ENTER': {
      const level = operands[1]!.low & 31
      return -(operands[0]!.low + bytes * (level + 1))
    }
    case 'RET':
    case 'RETF':
      return items[mnemonic]! * bytes + (count === 0 ? 0 : operands[0]!.low)
    case 'IRET':
      // to the same privilege outside 64-bit code, which pops SS and RSP always
      return bytes * (codeSize === 64 ? 5 : 3)
    default:
      return unknown.has(mnemonic) ? undefined : (items[mnemonic] ?? 0) * bytes
  }
}

const unknown: ReadonlySet<string> = new Set(['LEAVE', 'SYSEXIT', 'RSM', 'ERETS', 'ERETU', 'UIRET'])
