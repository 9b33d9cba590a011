import { inForce, type Lifetime } from './lifetime.ts'
import type { Profile } from './profile.ts'
import type { Promised, Sources } from './rule.ts'

/** What a promise does over one lifetime. */
export interface Version<In, Out> {
  readonly lifetime: Lifetime
  /** What is particular to this version, where there are several. */
  readonly says?: string
  readonly sources?: Sources
  /** What is wrong with it, where it is a bug of released kernels: the next version of the list repairs it. */
  readonly bug?: string
  readonly does: (input: In) => Out
  readonly witness: { readonly in: In; readonly out: Out }
}

/** Something the kernel does: a count, what a call writes back, an update. Exactly one version holds per release. */
export interface Behaviour<In, Out> extends Promised {
  readonly versions: readonly [Version<In, Out>, ...Version<In, Out>[]]
}

/** The version that holds, or the ones between which nobody has read the boundary, oldest first. */
export type InForce<In, Out> =
  | { readonly kind: 'version'; readonly version: Version<In, Out> }
  | { readonly kind: 'unknown'; readonly between: readonly Version<In, Out>[] }
  | { readonly kind: 'none' }

/** A behaviour, with its types inferred. */
export function behaviour<In, Out>(row: Behaviour<In, Out>): Behaviour<In, Out> {
  return row
}

/** The version of a behaviour under a profile. A proposal that is switched on goes before what was released. */
export function versionInForce<In, Out>({ versions }: Behaviour<In, Out>, profile: Profile): InForce<In, Out> {
  const proposed = versions.find(({ lifetime }) => 'proposal' in lifetime && inForce(lifetime, profile) === 'yes')
  if (proposed !== undefined) return { kind: 'version', version: proposed }
  const found = versions.find(({ lifetime }) => inForce(lifetime, profile) === 'yes')
  if (found !== undefined)
    return { kind: 'version', version: profile.bugs === 'fixed' ? repaired(versions, found) : found }
  const between = versions.filter(({ lifetime }) => inForce(lifetime, profile) === 'unknown')
  return between.length === 0 ? { kind: 'none' } : { kind: 'unknown', between }
}

/**
 * What a behaviour does under a profile; where nobody has read which of several versions holds, the oldest of them.
 * `undefined`: it is in no release like this one.
 */
export function deedInForce<In, Out>(
  behaviour: Behaviour<In, Out>,
  profile: Profile,
): ((given: In) => Out) | undefined {
  const found = versionInForce(behaviour, profile)
  if (found.kind === 'version') return found.version.does
  return found.kind === 'unknown' ? found.between[0]?.does : undefined
}

/**
 * What a behaviour does under a profile, as {@link deedInForce} tells it; where it is in no release like this one, what it
 * first did. For deeds of what the release has anyway, and for those of what it does not have, which nobody asks for there.
 */
export function deedOf<In, Out>(behaviour: Behaviour<In, Out>, profile: Profile): (given: In) => Out {
  return deedInForce(behaviour, profile) ?? behaviour.versions[0].does
}

function repaired<In, Out>(versions: readonly Version<In, Out>[], found: Version<In, Out>): Version<In, Out> {
  const later = versions.slice(versions.indexOf(found))
  return later.find(({ bug, lifetime }) => bug === undefined && !('proposal' in lifetime)) ?? found
}
