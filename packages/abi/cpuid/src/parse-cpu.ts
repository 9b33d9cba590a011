import type { Feature } from './all.ts'
import { cpuModelNamed } from './build-table.ts'
import type { CpuModel } from './cpu-models.rows.ts'
import { featureNamed, nearestFeature } from './feature.ts'
import { type FeatureChanges, type Refused, refused } from './resolve-features.ts'

/** A CPU as a person asks for it. */
export interface ParsedCpu {
  readonly kind: 'cpu'
  readonly model: CpuModel
  readonly features: FeatureChanges
}

/** The feature of this name, or a refusal that suggests the nearest. */
export function parseFeature(name: string): { readonly kind: 'feature'; readonly feature: Feature } | Refused {
  const feature = featureNamed(name)
  if (feature !== undefined) return { kind: 'feature', feature }
  const near = nearestFeature(name)
  return refused(`unknown CPU feature '${name}'${near === undefined ? '' : `; did you mean ${near}?`}`)
}

/** Models of someone else's: what their names are, and which one a name means. */
export interface MoreModels {
  readonly names: readonly string[]
  modelNamed(name: string): { readonly kind: 'model'; readonly model: CpuModel } | Refused | undefined
}

/** Reads `max,+BMI2,-AVX`: a model's name, then features to add and to take away. */
export function parseCpu(text: string, more?: MoreModels): ParsedCpu | Refused {
  const [name = '', ...changes] = text.split(',')
  const named = more?.modelNamed(name) ?? cpuModelNamed(name, more?.names)
  if (named.kind === 'refused') return named
  const plus: Feature[] = []
  const minus: Feature[] = []
  for (const change of changes.map((part) => part.trim())) {
    const sign = change[0]
    if (sign !== '+' && sign !== '-')
      return refused(`expected +FEATURE or -FEATURE after the CPU model, got '${change}'`)
    const parsed = parseFeature(change.slice(1))
    if (parsed.kind === 'refused') return parsed
    const list = sign === '+' ? plus : minus
    list.push(parsed.feature)
  }
  return { kind: 'cpu', model: named.model, features: { plus, minus } }
}
