import { globSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { type ChangeableBehaviour, WatchedBehaviour } from './behaviour-mutants.ts'
import { type Changeable, type Mutant, mutantsOf } from './mutants.ts'

/** A rule or a behaviour, as those who make it wrong see it. */
export interface Subject {
  readonly kind: 'rule' | 'behaviour'
  readonly package: string
  readonly id: string
  mutants(): readonly Mutant[]
  /** Has whoever is given told whenever it refuses or does something; gives how that ends. */
  watch(seen: () => void): () => void
}

export const root = new URL('../../../../', import.meta.url)

/** Files of the repository, in order. */
export const found = (pattern: string): readonly string[] => globSync(pattern, { cwd: root }).sort()

/** Every rule and behaviour, once: of a file of its own, of a list of rows, or made where a call's steps are put together. */
export async function subjectsThereAre(): Promise<readonly Subject[]> {
  const files = found('packages/*/*/src/**/{rules,checks,memory,supported}/**/*.ts').filter(
    (file) => !/node_modules|\.test\.ts$/.test(file),
  )
  const subjects = new Map<object, Subject>()
  for (const file of files) {
    const made = (await import(pathToFileURL(new URL(file, root).pathname).href)) as Readonly<Record<string, unknown>>
    const place = file.split('/')[2] ?? ''
    for (const one of Object.values(made).flatMap(promisesIn))
      if (!subjects.has(one))
        subjects.set(one, isRule(one) ? subjectOfRule(place, one) : subjectOfBehaviour(place, one))
  }
  return [...subjects.values()]
}

function subjectOfRule(place: string, rule: Changeable): Subject {
  const watch = (seen: () => void) => {
    const { refuses } = rule
    rule.refuses = (call) => {
      const refused = refuses(call)
      if (refused) seen()
      return refused
    }
    return () => {
      rule.refuses = refuses
    }
  }
  return { kind: 'rule', package: place, id: rule.id, mutants: () => mutantsOf(rule), watch }
}

function subjectOfBehaviour(place: string, behaviour: ChangeableBehaviour): Subject {
  const watched = new WatchedBehaviour(behaviour)
  const watch = (seen: () => void) => {
    watched.onDeed = seen
    return () => {
      watched.onDeed = undefined
    }
  }
  return { kind: 'behaviour', package: place, id: behaviour.id, mutants: () => watched.mutants(), watch }
}

function promisesIn(value: unknown): readonly (Changeable | ChangeableBehaviour)[] {
  if (typeof value !== 'object' || value === null) return []
  if (isRule(value) || isBehaviour(value)) return [value]
  const items: unknown = 'steps' in value ? value.steps : value
  if (!Array.isArray(items)) return []
  return items.flatMap((item: unknown) => (isStep(item) ? promisesIn(item.rule ?? item.behaviour) : promisesIn(item)))
}

const isRule = (value: unknown): value is Changeable =>
  typeof value === 'object' && value !== null && 'refuses' in value && 'errno' in value && 'witness' in value

const isBehaviour = (value: unknown): value is ChangeableBehaviour =>
  typeof value === 'object' && value !== null && 'versions' in value && 'catalogue' in value

const isStep = (value: unknown): value is { readonly rule?: unknown; readonly behaviour?: unknown } =>
  typeof value === 'object' && value !== null && 'kind' in value && ('rule' in value || 'behaviour' in value)
