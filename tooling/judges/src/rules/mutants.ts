import type { Lifetime, Rule } from '@vmm/rule'

/** A rule or behaviour that is wrong on purpose; `undo` makes it right again. */
export interface Mutant {
  readonly what: string
  readonly begin: () => void
  readonly undo: () => void
}

/** A rule whose parts can be exchanged while tests run. */
export type Changeable = { -readonly [P in keyof Rule<unknown>]: Rule<unknown>[P] }

/** What is done to a rule: it refuses nothing, it refuses with another error, its lifetime begins or ends elsewhere. */
export function mutantsOf(rule: Changeable): readonly Mutant[] {
  const { refuses, errno, lifetime } = rule
  const undo = () => Object.assign(rule, { refuses, errno, lifetime })
  const mutant = (what: string, change: Partial<Changeable>) => ({
    what,
    begin: () => void Object.assign(rule, change),
    undo,
  })
  return [
    mutant('refuses nothing', { refuses: () => false }),
    mutant('another errno', { errno: errno === 'EDOM' ? 'ERANGE' : 'EDOM' }),
    ...shifted(lifetime).map(({ what, lifetime }) => mutant(what, { lifetime })),
  ]
}

/** The last release of each version before the next, as far as lifetimes have edges there. */
const lastMinors = new Map([
  [4, 20],
  [5, 19],
  [6, 19],
])

/** Two series later. */
export function later(release: string): string {
  const [major = 0, minor = 0] = release.split('.').map(Number)
  const beyond = minor + 2 - ((lastMinors.get(major) ?? Number.POSITIVE_INFINITY) + 1)
  return beyond >= 0 ? `${major + 1}.${beyond}` : `${major}.${minor + 2}`
}

function shifted(lifetime: Lifetime): readonly { readonly what: string; readonly lifetime: Lifetime }[] {
  if ('proposal' in lifetime) return []
  const { since, until } = lifetime.mainline
  const moved = (edge: 'since' | 'until', release: string) => ({
    what: `${edge} ${release} is ${later(release)}`,
    lifetime: { ...lifetime, mainline: { ...lifetime.mainline, [edge]: later(release) } } as Lifetime,
  })
  return [
    ...(typeof since === 'string' ? [moved('since', since)] : []),
    ...(typeof until === 'string' ? [moved('until', until)] : []),
  ]
}
