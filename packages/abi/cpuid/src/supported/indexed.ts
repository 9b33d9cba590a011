import { inForce, type Profile } from '@vmm/rule'
import { indexed } from './indexed.rows.ts'

/** The functions that a release marks. */
export function indexedFunctions(profile: Profile): ReadonlySet<number> {
  return new Set(indexed.filter(({ lifetime }) => inForce(lifetime, profile) === 'yes').map((row) => row.function))
}
