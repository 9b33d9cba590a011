import { type OpcodeRow, rows } from '@vmm/x86-opcodes'
import { isExecuted } from '@vmm/x86-semantics'

/** Instructions whose rows were recorded when others had been. */
const later: ReadonlySet<string> = new Set([
  ...['VMX', 'AESNI', 'PCLMULQDQ', 'SHA', 'GFNI', 'MOVDIRI', 'MOVDIR64B', 'SERIALIZE', 'CLDEMOTE'],
  ...['AVX', 'AVX2', 'F16C', 'FMA', 'CET_SS', 'RTM'],
])

const numbers: ReadonlyMap<OpcodeRow, number> = new Map(
  rows
    .filter(isExecuted)
    .filter(({ needs }) => !later.has(needs ?? ''))
    .map((row, index) => [row, index] as const),
)

/** What chance goes by: the first rows have numbers, those that came later their opcode, so that nobody's questions depend on what else is there. */
export function chanceOf(row: OpcodeRow): number {
  const number = numbers.get(row)
  if (number !== undefined) return number
  let hash = 0x811c_9dc5
  for (const letter of `${row.opcode} ${row.mnemonic}`) hash = Math.imul(hash ^ letter.charCodeAt(0), 0x0100_0193) >>> 0
  return hash % 0x10_0000
}
