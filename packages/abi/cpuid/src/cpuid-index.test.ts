import { expect, test } from 'vitest'
import { type CpuidTable, cpuidIndex, entry, lookup } from './index.ts'

/** Small numbers without a seed that changes: one table after another. */
function numbers(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state >>> 16
  }
}

function tableOf(seed: number): CpuidTable {
  const next = numbers(seed)
  const leaves = [0, 1, 4, 0x0b, 0x4000_0000, 0x8000_0000, 0x8000_0001]
  return Array.from({ length: 12 }, () => {
    const leaf = leaves[next() % leaves.length]!
    return entry(leaf, { eax: next() % 16, ebx: next(), edx: next() }, next() % 2 === 0 ? next() % 3 : undefined)
  })
}

test.each(Array.from({ length: 40 }, (_, seed) => seed))(
  'the index of table %i answers every question as a search does',
  (seed) => {
    const table = tableOf(seed)
    const index = cpuidIndex(table)
    for (const leaf of [
      0, 1, 2, 4, 9, 0x0b, 0x4000_0000, 0x4000_0001, 0x8000_0000, 0x8000_0001, 0x8000_0009, 0xc000_0000,
    ]) {
      for (const ecx of [0, 1, 2, 3, 0xffff_ffff, -1]) expect(index(leaf, ecx)).toEqual(lookup(table, leaf, ecx))
    }
  },
)
