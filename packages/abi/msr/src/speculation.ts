import { maskOf } from '@vmm/bits'
import type { Feature } from '@vmm/cpuid'
import { msrAt } from './all.ts'
import type { MsrField } from './msr.ts'

/** Each set of features is asked about again with every write. */
const taken = new WeakMap<ReadonlySet<Feature>, bigint>()

/** The bits that IA32_SPEC_CTRL of a processor with these features takes. The set is not changed afterwards. */
export function takenBy(features: ReadonlySet<Feature>): bigint {
  const known = taken.get(features)
  if (known !== undefined) return known
  const bits = bitsWith(features)
  taken.set(features, bits)
  return bits
}

function bitsWith(features: ReadonlySet<Feature>): bigint {
  const fields = msrAt(0x48)?.fields
  if (fields === undefined || fields === 'any') return 0n
  return Object.values(fields)
    .filter(({ needs }: MsrField) => needs === undefined || [needs].flat().some((feature) => features.has(feature)))
    .reduce((mask, field) => mask | maskOf(field), 0n)
}
