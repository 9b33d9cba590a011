import { type Feature, leaves } from './all.ts'
import { featureAliases } from './feature-aliases.rows.ts'
import { type Hypervisor, isFeature, type Leaf, type OutputRegister, outputRegisters } from './leaf.ts'

/** Where a feature's bit is. */
export interface FeaturePlace {
  readonly feature: Feature
  /** The EAX input; a hypervisor's as if its leaves began at 40000000H. */
  readonly function: number
  /** The ECX input, or `undefined` when it does not matter. */
  readonly index: number | undefined
  readonly register: OutputRegister
  /** 0 to 31. */
  readonly bit: number
  readonly says: string
  /** Whose feature it is, when a hypervisor's. */
  readonly hypervisor: Hypervisor | undefined
}

/** Every feature with its place, in the order of the leaf rows. */
export const featurePlaces: ReadonlyMap<Feature, FeaturePlace> = new Map(
  (leaves as readonly Leaf[]).flatMap((leaf) => {
    const index = typeof leaf.subleaf === 'number' ? leaf.subleaf : undefined
    return outputRegisters.flatMap((register) =>
      Object.entries(leaf.outputs[register] ?? {})
        .filter(([, field]) => isFeature(field))
        .map(([name, field]): [Feature, FeaturePlace] => {
          const feature = name as Feature
          return [
            feature,
            {
              feature,
              function: leaf.leaf,
              index,
              register,
              bit: field.low,
              says: field.says,
              hypervisor: leaf.hypervisor,
            },
          ]
        }),
    )
  }),
)

/** Every feature, in the order of the leaf rows. */
export const features: readonly Feature[] = [...featurePlaces.keys()]

/** The place of a feature's bit. */
export function placeOf(feature: Feature): FeaturePlace {
  return featurePlaces.get(feature)!
}

const plain = (name: string) => name.trim().toLowerCase().replaceAll('-', '_')

const byPlainName: ReadonlyMap<string, Feature> = new Map([
  ...featureAliases.map(({ alias, feature }): [string, Feature] => [plain(alias), feature]),
  ...features.map((feature): [string, Feature] => [plain(feature), feature]),
  ...features
    .filter((feature) => feature.startsWith('KVM_FEATURE_'))
    .map((feature): [string, Feature] => [plain(feature.replace('KVM_FEATURE_', 'KVM_')), feature]),
])

/**
 * The feature that a person means: the manual's spelling, or the kernel's in `/proc/cpuinfo`, in any case, with `-` or
 * `_`; KVM's features also without their `FEATURE_`. `undefined` when nobody calls a feature so.
 */
export function featureNamed(name: string): Feature | undefined {
  return byPlainName.get(plain(name))
}

/** The feature whose name, or alias, is nearest to a misspelt one; `undefined` when none is near. */
export function nearestFeature(name: string): Feature | undefined {
  const nearest = nearestName(plain(name), [...byPlainName.keys()])
  return nearest === undefined ? undefined : byPlainName.get(nearest)
}

/** The candidate with the fewest edits, if those are at most a third of the name's letters (and at least one). */
export function nearestName(name: string, candidates: readonly string[]): string | undefined {
  const limit = Math.max(1, Math.floor(name.length / 3))
  const ranked = candidates
    .map((candidate) => ({ candidate, edits: editsBetween(name, candidate) }))
    .filter(({ edits }) => edits <= limit)
    .sort((a, b) => a.edits - b.edits)
  return ranked[0]?.candidate
}

/** Insertions, deletions and replacements that turn one word into the other. */
function editsBetween(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let i = 0; i < from.length; i++) {
    const next = [i + 1]
    for (let j = 0; j < to.length; j++) {
      const replaced = row[j]! + (from[i] === to[j] ? 0 : 1)
      next.push(Math.min(replaced, row[j + 1]! + 1, next[j]! + 1))
    }
    row = next
  }
  return row[to.length]!
}
