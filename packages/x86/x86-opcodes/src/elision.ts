import type { OpcodeRow } from './row.ts'

/** Whether F2 and F3 before an instruction with a memory operand are XACQUIRE and XRELEASE, hints of lock elision. */
export type Elision = 'none' | 'release' | 'acquire-release'

/** Near branches, before which F2 is BND, which keeps the bounds of MPX: but the short JMP, which keeps them anyway. */
const nearBranch = /^(?:CALL|RET|JMP|J(?!MP|RCXZ)[A-Z]+)$/

/** Stores that may be XRELEASE's. */
const stores = new Set(['88 /r', '89 /r', 'C6 /0 ib', 'C7 /0 iz'])

/** What the row's instruction takes as hints of lock elision: with LOCK, which XCHG has anyway. Source: SDM 2C, XACQUIRE/XRELEASE. */
export function elisionOf({ opcode, attributes, mnemonic }: OpcodeRow): Elision {
  if (stores.has(opcode)) return 'release'
  return attributes.includes('lock') && mnemonic !== 'CMPXCHG16B' ? 'acquire-release' : 'none'
}

/** Whether F2 before the row's instruction is BND. Source: SDM 1, the chapter on MPX of the editions that have it. */
export function takesBnd({ mnemonic, opcode }: OpcodeRow): boolean {
  return nearBranch.test(mnemonic) && opcode !== 'EB cb'
}
