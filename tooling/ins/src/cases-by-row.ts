import { rows } from '@vmm/x86-opcodes'
import { caseFiles, casesOfFile, rowOfCase } from './files.ts'

/** How many cases have answers of a real CPU, and how many of a manual. */
export interface CaseCounts {
  readonly cpu: number
  readonly manual: number
}

/** The cases of each row of the opcode maps, by its number; rows without one are left out. */
export function casesByRow(): ReadonlyMap<number, CaseCounts> {
  const numbers = new Map(rows.map((row, number) => [row, number]))
  const counts = new Map<number, { cpu: number; manual: number }>()
  for (const one of caseFiles().flatMap(casesOfFile)) {
    const row = rowOfCase(one)
    if (row === undefined) continue
    const number = numbers.get(row)!
    const count = counts.get(number) ?? { cpu: 0, manual: 0 }
    counts.set(number, count)
    count[one.source.startsWith('cpu ') ? 'cpu' : 'manual'] += 1
  }
  return counts
}
