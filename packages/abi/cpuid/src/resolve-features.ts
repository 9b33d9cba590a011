import type { Feature } from './all.ts'
import type { CpuModel } from './cpu-models.rows.ts'
import { dependencies } from './dependencies.rows.ts'
import { features } from './feature.ts'
import { askedFeatures } from './implemented.ts'

/** What was asked of a CPU model cannot be: a sentence that says what and why. */
export interface Refused {
  readonly kind: 'refused'
  readonly says: string
}

export const refused = (says: string): Refused => ({ kind: 'refused', says })

/** What to add to a model's features, and what to take away. */
export interface FeatureChanges {
  readonly plus: readonly Feature[]
  readonly minus: readonly Feature[]
}

/** The bits that follow a guest's own registers or the machine's shape: nobody chooses them. */
const derivedFeatures: ReadonlySet<Feature> = new Set<Feature>(['OSXSAVE', 'OSPKE', 'HTT', 'APIC'])
const alwaysOn: ReadonlySet<Feature> = new Set<Feature>(['APIC'])

const needsOf: ReadonlyMap<Feature, readonly Feature[]> = new Map(
  dependencies.map(({ feature, needs }) => [feature, needs]),
)

/** What a guest gets of a model, and what of it nothing here does. */
interface ResolvedFeatures {
  readonly kind: 'features'
  readonly features: ReadonlySet<Feature>
  readonly clipped: readonly Feature[]
}

/**
 * The features a guest gets: the model's and the added ones that are implemented, without those taken away, and
 * without any whose requirements are missing. Refuses an addition that cannot be had.
 */
export function resolveFeatures(
  model: CpuModel,
  { plus, minus }: FeatureChanges,
  implemented: ReadonlySet<Feature>,
): ResolvedFeatures | Refused {
  const offered =
    model.features === 'everything' ? [...implemented].filter((feature) => !askedFeatures.has(feature)) : model.features
  const refusal = refusalOf(plus, minus, implemented)
  if (refusal !== undefined) return refusal
  const wanted = new Set([...offered, ...plus].filter((feature) => implemented.has(feature)))
  for (const feature of minus) wanted.delete(feature)
  for (const feature of derivedFeatures) if (!alwaysOn.has(feature)) wanted.delete(feature)
  const present = withoutOrphans(wanted)
  const orphan = plus.find((feature) => !present.has(feature))
  if (orphan !== undefined) return refused(orphanSentence(orphan, wanted))
  const missing = new Set(offered.filter((feature) => !implemented.has(feature) && !minus.includes(feature)))
  return { kind: 'features', features: present, clipped: features.filter((feature) => missing.has(feature)) }
}

function refusalOf(
  plus: readonly Feature[],
  minus: readonly Feature[],
  implemented: ReadonlySet<Feature>,
): Refused | undefined {
  const both = plus.find((feature) => minus.includes(feature))
  if (both !== undefined) return refused(`the CPU feature ${both} is both added and removed`)
  const derived = [...plus, ...minus].find((feature) => derivedFeatures.has(feature))
  if (derived !== undefined) return refused(`the CPU feature ${derived} follows from the machine and cannot be chosen`)
  const missing = plus.find((feature) => !implemented.has(feature))
  return missing === undefined ? undefined : refused(`the CPU feature ${missing} is not implemented`)
}

function withoutOrphans(wanted: ReadonlySet<Feature>): ReadonlySet<Feature> {
  const kept = new Set(
    [...wanted].filter((feature) => (needsOf.get(feature) ?? []).every((needed) => wanted.has(needed))),
  )
  return kept.size === wanted.size ? kept : withoutOrphans(kept)
}

function orphanSentence(feature: Feature, wanted: ReadonlySet<Feature>): string {
  const missing = requirementsOf(feature).filter((needed) => !wanted.has(needed))
  return `the CPU feature ${feature} needs ${missing.join(', ')}`
}

/** Everything a feature needs, directly or not, in the order of the leaf rows. */
export function requirementsOf(feature: Feature): readonly Feature[] {
  const found = new Set<Feature>()
  const visit = (at: Feature): void => {
    for (const needed of needsOf.get(at) ?? []) {
      if (found.has(needed)) continue
      found.add(needed)
      visit(needed)
    }
  }
  visit(feature)
  return features.filter((candidate) => found.has(candidate))
}
