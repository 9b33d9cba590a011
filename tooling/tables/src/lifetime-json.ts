import { type Edge, type Lifetime, type StableEdge, tellLifetime } from '@vmm/rule'
import { cite, type Source } from '@vmm/source'
import { oneOf, record, type Schema, text } from './schema.ts'

/** A lifetime as data: its edges, and the whole in words. */
export function lifetimeJson(lifetime: Lifetime): unknown {
  const says = tellLifetime(lifetime)
  if ('proposal' in lifetime) return { says, proposal: lifetime.proposal, on: lifetime.on }
  const { mainline, stable } = lifetime
  return { says, ...edges(mainline), ...(stable === undefined ? {} : { stable }) }
}

const edges = ({ since, until }: { readonly since?: Edge; readonly until?: Edge }) => ({
  ...(since === undefined ? {} : { since }),
  ...(until === undefined ? {} : { until }),
})

const release = text('X.Y is the mainline release X.Y.0')
const edge: Schema = {
  anyOf: [release, record({ absentIn: release, presentIn: release }, 'somewhere between two releases that were read')],
}
const ends: readonly (keyof Exclude<StableEdge, string>)[] = ['since', 'until']
const stableEdge: Schema = {
  anyOf: [text('since this release, or `unread`'), record(Object.fromEntries(ends.map((end) => [`${end}?`, release])))],
}

/** The schema of `lifetimeJson`. */
export const lifetimeSchema: Schema = record(
  {
    says: text('the whole in words'),
    'since?': edge,
    'until?': edge,
    'stable?': { description: 'what a stable series did on its own', type: 'object', additionalProperties: stableEdge },
    'proposal?': text('a proposal that is in no release'),
    'on?': release,
  },
  'the releases over which it holds; without `since` it is older than every release that is listed',
)

/** How well something is known. */
export const evidenceSchema: Schema = oneOf(
  ['recorded', 'source', 'mail', 'memory'],
  'how it is known, best first; `memory` is to be checked before anybody relies on it',
)

/** Where it is written, as a line that a person can follow. */
export const sourceJson = (source: Source): string => cite(source)

/** The schema of `sourceJson`. */
export const sourceSchema: Schema = text('where it is written')
