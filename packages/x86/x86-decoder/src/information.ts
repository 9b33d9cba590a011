import {
  type Access,
  accessOf,
  type ControlFlow,
  controlFlowOf,
  type Elision,
  elisionOf,
  type FlagEffects,
  featuresOf,
  flagsOf,
  type X87Effects,
  x87EffectsOf,
} from '@vmm/x86-opcodes'
import type { Decoded } from './decoded.ts'
import { stackBytes, type UsedMemory, type UsedRegister, usedMemory, usedRegisters } from './implied-use.ts'
import { rowOf } from './row-of.ts'

/** What is known of an instruction without executing it. */
export interface InstructionInformation {
  /** What it does to each explicit operand, in their order. With a mask that merges, what is written keeps some of what was there. */
  readonly access: readonly Access[]
  /** Registers that no operand names, and what is done to them. */
  readonly impliedRegisters: readonly UsedRegister[]
  /** Memory that no operand names: of strings, the stack, XLAT, masked moves. */
  readonly impliedMemory: readonly UsedMemory[]
  readonly flags: FlagEffects
  /** What an x87 instruction does to TOP and C0 to C3. */
  readonly x87: X87Effects | undefined
  readonly controlFlow: ControlFlow
  /** Bytes that it adds to the stack pointer, negative where it pushes; undefined where that is not known before it runs, as with LEAVE. */
  readonly stackPointerChange: number | undefined
  /** CPUID features that bring it, by their names in the manual. */
  readonly features: readonly string[]
  /** #GP(0) unless CPL is 0. */
  readonly privileged: boolean
  /** LOCK is allowed where its first operand is memory. */
  readonly lockable: boolean
  /** What F2 and F3 hint where the first operand is memory: XACQUIRE and XRELEASE. */
  readonly elision: Elision
}

/** What is known of a decoded instruction: a plain object. */
export function informationOf(decoded: Decoded): InstructionInformation {
  const row = rowOf(decoded)
  const merges = decoded.mask !== 0 && !decoded.zeroing
  return {
    access: accessOf(row).map((access) => (merges && access === 'write' ? 'read-write' : access)),
    impliedRegisters: usedRegisters(decoded, row),
    impliedMemory: usedMemory(decoded, row),
    flags: decoded.noFlags ? unchanged(flagsOf(row)) : flagsOf(row),
    x87: x87EffectsOf(row),
    controlFlow: controlFlowOf(row),
    stackPointerChange: stackPointerChange(decoded),
    features: featuresOf(row, decoded.vectorLength),
    privileged: row.attributes.includes('cpl0'),
    lockable: row.attributes.includes('lock'),
    elision: elisionOf(row),
  }
}

/** Flags that are read alone. */
const unchanged = ({ tested }: FlagEffects): FlagEffects => ({
  ...{ tested, modified: [], cleared: [], set: [], undefined: [] },
})

/** Source: the instructions' own pages; ENTER makes room besides what it pushes, returns drop what they are told to. */
function stackPointerChange(decoded: Decoded): number | undefined {
  const { mnemonic, operands, count } = decoded
  if (unknown.has(mnemonic)) return undefined
  const bytes = stackBytes(decoded, rowOf(decoded))
  if (mnemonic === 'ENTER') return bytes - operands[0]!.low
  return (mnemonic === 'RET' || mnemonic === 'RETF') && count > 0 ? bytes + operands[0]!.low : bytes
}

const unknown: ReadonlySet<string> = new Set(['LEAVE', 'SYSENTER', 'SYSEXIT', 'RSM', 'ERETS', 'ERETU', 'UIRET'])
