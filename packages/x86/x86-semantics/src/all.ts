import type { Instruction } from './instruction.ts'
import { arithmetic } from './integer/arithmetic.ts'
import { bitManipulation } from './integer/bits.ts'
import { nearControl } from './integer/control.ts'
import { division } from './integer/division.ts'
import { bitwiseLogic } from './integer/logic.ts'
import { miscellaneous } from './integer/miscellaneous.ts'
import { shifts } from './integer/shift.ts'
import { stack } from './integer/stack.ts'
import { strings } from './integer/strings.ts'
import { transactions } from './integer/transactions.ts'
import { transfer } from './integer/transfer.ts'
import { controlInstructions } from './system/control-registers.ts'
import { softwareEvents } from './system/events.ts'
import { extendedState } from './system/extended-state.ts'
import { farReturns } from './system/far-return.ts'
import { farTransfers } from './system/far-transfer.ts'
import { flagInstructions } from './system/flags.ts'
import { portInstructions } from './system/ports.ts'
import { segmentInstructions } from './system/segments.ts'
import { shadowStackInstructions } from './system/shadow-stack-instructions.ts'
import { systemCalls } from './system/system-calls.ts'
import { tableInstructions } from './system/tables.ts'
import { vmxInstructions } from './system/vmx.ts'
import { aes } from './vector/aes.ts'
import { vectorArrangement } from './vector/arrange.ts'
import { avxArrangement } from './vector/avx-arrange.ts'
import { avxFloat } from './vector/avx-float.ts'
import { avxMemory } from './vector/avx-memory.ts'
import { avxMoves } from './vector/avx-moves.ts'
import { dotProducts } from './vector/dot-products.ts'
import { vectorFloat } from './vector/float.ts'
import { vectorInteger } from './vector/integer.ts'
import { longHashes } from './vector/long-hashes.ts'
import { vectorMoves } from './vector/moves.ts'
import { polynomials } from './vector/polynomials.ts'
import { secureHashes } from './vector/sha.ts'
import { stringCompares } from './vector/string-compare.ts'
import { x87Arithmetic } from './x87/arithmetic.ts'
import { x87Compare } from './x87/compare.ts'
import { x87Control } from './x87/control.ts'
import { x87Environment } from './x87/environment.ts'
import { x87Transfer } from './x87/transfer.ts'

const families: readonly (readonly Instruction[])[] = [
  arithmetic,
  division,
  bitwiseLogic,
  shifts,
  bitManipulation,
  transfer,
  stack,
  nearControl,
  transactions,
  strings,
  miscellaneous,
  segmentInstructions,
  farTransfers,
  farReturns,
  softwareEvents,
  flagInstructions,
  controlInstructions,
  tableInstructions,
  systemCalls,
  shadowStackInstructions,
  vmxInstructions,
  portInstructions,
  extendedState,
  x87Control,
  x87Transfer,
  x87Arithmetic,
  x87Compare,
  x87Environment,
  vectorMoves,
  vectorInteger,
  vectorArrangement,
  stringCompares,
  vectorFloat,
  avxMoves,
  avxFloat,
  aes,
  polynomials,
  secureHashes,
  longHashes,
  dotProducts,
  avxArrangement,
  avxMemory,
]

/**
 * Whether an engine executes the instructions of a row: those that are described, but for encodings that no processor of ours knows. A row is
 * as `@vmm/x86-opcodes` has it.
 */
export function isExecuted({ mnemonic, opcode }: { readonly mnemonic: string; readonly opcode: string }): boolean {
  // VEX map 7 has MSRs by immediate numbers, under names that are described for others
  return instructions.has(mnemonic) && !/^(?:EVEX|XOP)|MAP7/.test(opcode)
}

/** Every described instruction by its mnemonic. */
export const instructions: ReadonlyMap<string, Instruction> = new Map(
  families.flat().map((instruction) => [instruction.mnemonic, instruction]),
)
