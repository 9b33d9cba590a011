import type { Source } from '@vmm/source'
import { compareVersions, type KernelVersion, numbers, type Series, seriesOf } from './kernel-version.ts'
import type { Profile } from './profile.ts'

/**
 * A boundary that nobody has read, between two readings: the promise was not in force in `absentIn` and was in
 * `presentIn`. For the end of a lifetime, the other way round in time. A stable release of `presentIn` speaks for its
 * own series only: what follows it may have branched before.
 */
export interface UnreadEdge {
  readonly absentIn: KernelVersion | Series
  readonly presentIn: KernelVersion | Series
}

/** Where a promise begins or ends in mainline: at a release, or somewhere between two readings. */
export type Edge = Series | UnreadEdge

/**
 * What one stable series did on its own: the release of it in which the promise began (a backport) or ended, or
 * `'unread'` where nobody has looked. A bare release is the beginning.
 */
export type StableEdge =
  | KernelVersion
  | 'unread'
  | { readonly since?: KernelVersion | undefined; readonly until?: KernelVersion | undefined }

/** The releases over which a promise holds. Without `since` it is older than every release that we list. */
export interface ReleasedLifetime {
  readonly mainline: { readonly since?: Edge; readonly until?: Edge }
  readonly stable?: Readonly<Partial<Record<Series, StableEdge>>>
  /** Proposals that take this promise back where they are switched on. */
  readonly without?: readonly string[]
}

/** The lifetime of a promise that was proposed and is in no release: in force only where its name is switched on. */
export interface ProposedLifetime {
  readonly proposal: string
  readonly proposed: Source
  /** The release whose code the proposal changed. */
  readonly on: Series
}

/** When a promise holds: over releases, or only where a proposal is switched on. */
export type Lifetime = ReleasedLifetime | ProposedLifetime

/** Three answers, because a boundary that nobody read is not guessed. */
export type Answer = 'yes' | 'no' | 'unknown'

/** The promise that has always held. */
export const always: ReleasedLifetime = { mainline: {} }

/** A lifetime from a mainline release on. */
export function since(edge: Edge, stable?: ReleasedLifetime['stable']): ReleasedLifetime {
  return stable === undefined ? { mainline: { since: edge } } : { mainline: { since: edge }, stable }
}

/** A lifetime up to, and without, a mainline release. */
export function until(edge: Edge, stable?: ReleasedLifetime['stable']): ReleasedLifetime {
  return stable === undefined ? { mainline: { until: edge } } : { mainline: { until: edge }, stable }
}

/** A lifetime between two mainline releases, the second no longer in it. */
export function between(from: Edge, to: Edge, stable?: ReleasedLifetime['stable']): ReleasedLifetime {
  const mainline = { since: from, until: to }
  return stable === undefined ? { mainline } : { mainline, stable }
}

/** Whether a promise is in force under a profile: a release, and the proposals switched on over it. */
export function inForce(lifetime: Lifetime, profile: Profile): Answer {
  if ('proposal' in lifetime) return profile.proposals.includes(lifetime.proposal) ? 'yes' : 'no'
  if (lifetime.without?.some((name) => profile.proposals.includes(name))) return 'no'
  return inRelease(lifetime, profile.kernel)
}

function inRelease({ mainline, stable }: ReleasedLifetime, kernel: KernelVersion): Answer {
  const own = stable?.[seriesOf(kernel)]
  const begun = hasBegun(mainline.since, own, kernel)
  const ended = hasEnded(mainline.until, own, kernel)
  if (begun === 'no' || ended === 'yes') return 'no'
  return begun === 'yes' && ended === 'no' ? 'yes' : 'unknown'
}

function hasBegun(edge: Edge | undefined, own: StableEdge | undefined, kernel: KernelVersion): Answer {
  if (edge === undefined) return 'yes'
  const backport = typeof own === 'object' ? own.since : own
  const past = isPast(edge, kernel)
  if (past === 'yes' || backport === undefined) return past
  return backport === 'unread' ? 'unknown' : answer(compareVersions(kernel, backport) >= 0)
}

function hasEnded(edge: Edge | undefined, own: StableEdge | undefined, kernel: KernelVersion): Answer {
  if (edge === undefined) return 'no'
  const backport = typeof own === 'object' ? own.until : own === 'unread' ? own : undefined
  const past = isPast(edge, kernel)
  if (past === 'yes' || backport === undefined) return past
  return backport === 'unread' ? 'unknown' : answer(compareVersions(kernel, backport) >= 0)
}

function isPast(edge: Edge, kernel: KernelVersion): Answer {
  return typeof edge === 'string' ? answer(compareVersions(kernel, edge) >= 0) : isPastUnread(edge, kernel)
}

function isPastUnread({ absentIn, presentIn }: UnreadEdge, kernel: KernelVersion): Answer {
  if (compareVersions(kernel, absentIn) <= 0) return 'no'
  if (compareVersions(kernel, presentIn) < 0) return 'unknown'
  const mainline = numbers(presentIn).patch === 0
  return mainline || seriesOf(kernel) === seriesOf(presentIn) ? 'yes' : 'unknown'
}

function answer(holds: boolean): Answer {
  return holds ? 'yes' : 'no'
}

/** Whether a promise was in stable releases and in no mainline one: a fix that came there in two parts. */
export function isOfStableOnly({ mainline: { since, until }, stable }: ReleasedLifetime): boolean {
  return typeof since === 'string' && since === until && stable !== undefined
}

/** A lifetime in words: `since 5.17 and 5.16.3`, `from 5.13 until 6.4`, `proposed on 5.4 (rfc-cpuid-ebusy)`. */
export function tellLifetime(lifetime: Lifetime): string {
  if ('proposal' in lifetime) return `proposed on ${lifetime.on} (${lifetime.proposal})`
  const { mainline, stable } = isOfStableOnly(lifetime) ? { mainline: {}, stable: lifetime.stable } : lifetime
  const from = [mainline.since, ...stableEdges(stable, 'since')].flatMap(tellEdge).join(' and ')
  const to = [mainline.until, ...stableEdges(stable, 'until')].flatMap(tellEdge).join(' and ')
  if (from === '' && to === '') return 'in every release'
  if (to === '') return `since ${from}`
  return from === '' ? `until ${to}` : `from ${from} until ${to}`
}

function stableEdges(
  stable: ReleasedLifetime['stable'],
  end: 'since' | 'until',
): readonly (KernelVersion | undefined)[] {
  return Object.values(stable ?? {}).map((own) => {
    if (typeof own === 'object') return own[end]
    return own === 'unread' || end === 'until' ? undefined : own
  })
}

function tellEdge(edge: Edge | KernelVersion | undefined): readonly string[] {
  if (edge === undefined) return []
  if (typeof edge === 'string') return [edge]
  return [`some release after ${edge.absentIn}, at the latest ${edge.presentIn}`]
}
