import type { SymbolTable } from '@vmm/symbols'
import { SymbolTable as Table } from '@vmm/symbols'
import { type Sample, Samples } from '../src/index.ts'

/** A kernel of two functions. */
export const kernel: SymbolTable = new Table([
  { address: 0x1000n, name: 'copy', isCode: true, size: 0x100 },
  { address: 0x1100n, name: 'schedule', isCode: true, size: 0x100 },
])

const stretch = 1_000

/** A sample of a processor that ran all the time since the last one. */
export function sampleAt(index: number, what: Partial<Sample> = {}): Sample {
  const to = (index + 1) * stretch
  return {
    vcpu: 0,
    rip: 0x1008n,
    privilege: 0,
    space: 0x5000n,
    instructions: stretch,
    guest: { to, ran: stretch },
    host: { to: to * 4, ran: stretch * 4 },
    ...what,
  }
}

/** Samples with names by that kernel. */
export function named(samples: readonly Sample[], most?: number): Samples {
  const all = new Samples(stretch, most)
  for (const sample of samples) all.take(sample)
  all.name({ tables: [kernel] })
  return all
}
