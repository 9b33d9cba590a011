import { type Behaviour, versionInForce } from './behaviour.ts'
import { compareVersions, type KernelVersion, numbers, type Series, seriesOf } from './kernel-version.ts'
import {
  type Edge,
  inForce,
  isOfStableOnly,
  type Lifetime,
  type ReleasedLifetime,
  type StableEdge,
} from './lifetime.ts'
import { type Pipeline, resolve, run } from './pipeline.ts'
import { type Profile, profileOf } from './profile.ts'
import { releases } from './releases.rows.ts'
import type { Promised, Rule } from './rule.ts'
import { sameData } from './same-data.ts'

/** What is wrong with a rule as written, a sentence each: nothing, in a rule that may be merged. */
export function auditRule<Call, Error extends string>(rule: Rule<Call, Error>): readonly string[] {
  return [
    ...auditPromise(rule),
    ...auditLifetime(rule.lifetime),
    ...(rule.refuses(rule.witness.refused) ? [] : ['it accepts the call that its witness says it refuses']),
    ...(rule.refuses(rule.witness.accepted) ? ['it refuses the call that its witness says it accepts'] : []),
  ]
}

/**
 * What is wrong with a behaviour as written: a version whose witness is not so, releases in which two versions hold,
 * or none between the first and the last.
 */
export function auditBehaviour<In, Out>(behaviour: Behaviour<In, Out>): readonly string[] {
  const { versions } = behaviour
  return [
    ...auditPromise(behaviour),
    ...versions.flatMap(({ lifetime }) => auditLifetime(lifetime)),
    ...versions.flatMap(({ does, witness }, at) =>
      sameData(does(witness.in), witness.out) ? [] : [`version ${at} does not do what its witness says`],
    ),
    ...auditCoverage(behaviour),
  ]
}

/** What is wrong with a pipeline: two promises of one name, or a rule that an earlier step never lets speak. */
export function auditPipeline<State, Error extends string>(pipeline: Pipeline<State, Error>): readonly string[] {
  return pipeline.steps.flatMap((step) => {
    if (step.kind !== 'check') return []
    const lifetime = step.rule.lifetime
    const profile = profilesOf(lifetime).find((candidate) => {
      const place = step.lifetime === undefined ? 'yes' : inForce(step.lifetime, candidate)
      return place === 'yes' && inForce(lifetime, candidate) === 'yes'
    })
    if (profile === undefined) return [`${step.rule.id}: no release is known in which it holds`]
    const outcome = run(resolve(pipeline, profile), step.rule.witness.refused)
    if (outcome.kind === 'refused' && outcome.refusal.rule === step.rule.id) return []
    const instead = outcome.kind === 'refused' ? outcome.refusal.rule : 'nobody'
    return [`${step.rule.id}: in ${profile.kernel} ${instead} refuses its witness`]
  })
}

/** One profile for each release around which a lifetime may turn, and for the proposal that it is part of. */
export function profilesOf(lifetime: Lifetime): readonly Profile[] {
  if ('proposal' in lifetime) {
    return [{ kernel: `${lifetime.on}.0` as KernelVersion, bugs: 'as-released', proposals: [lifetime.proposal] }]
  }
  return [...new Set([...everySeries(), ...edgesOf(lifetime)])].map(profileOf)
}

function everySeries(): readonly KernelVersion[] {
  return releases.flatMap(({ series, newest }) => [`${series}.0`, `${series}.${newest}`] as KernelVersion[])
}

function auditPromise({ id, catalogue, says }: Promised): readonly string[] {
  return [
    ...(/^[a-z0-9]+(-[a-z0-9]+)*$/.test(id) ? [] : [`its id "${id}" is not in kebab case`]),
    ...(catalogue === '' ? ['it names no entry of the catalogue'] : []),
    ...(says.length < 10 || /[.!]$/.test(says) ? ['it says nothing, or ends in a full stop'] : []),
  ]
}

function auditLifetime(lifetime: Lifetime): readonly string[] {
  if ('proposal' in lifetime) return []
  const { since, until } = lifetime.mainline
  const known = new Set<string>(releases.map(({ series }) => series))
  return [
    ...edgesOf(lifetime).flatMap((edge) =>
      known.has(seriesOf(edge)) || isToCome(edge) ? [] : [`nobody listed a release ${edge}`],
    ),
    ...(beginsBeforeItEnds(since, until) || isOfStableOnly(lifetime) ? [] : ['it ends before it begins']),
    ...Object.entries(lifetime.stable ?? {}).flatMap(([series, own]) => auditStable(series as Series, own)),
  ]
}

/** A release after all that are listed: nobody can ask about it yet. */
function isToCome(edge: KernelVersion): boolean {
  return releases.every(({ series }) => compareVersions(edge, series) > 0)
}

function auditStable(series: Series, own: StableEdge | undefined): readonly string[] {
  return stableReleases(own).flatMap((release) => {
    if (seriesOf(release) !== series) return [`${release} is not of the series ${series}`]
    return numbers(release).patch === 0 ? [`${release} is a mainline release, not a stable one`] : []
  })
}

function beginsBeforeItEnds(since: Edge | undefined, until: Edge | undefined): boolean {
  if (since === undefined || until === undefined) return true
  const first = typeof since === 'string' ? since : since.absentIn
  const last = typeof until === 'string' ? until : until.presentIn
  return compareVersions(first, last) < 0
}

function edgesOf({ mainline, stable }: ReleasedLifetime): readonly KernelVersion[] {
  const inMainline = [mainline.since, mainline.until].flatMap((edge) => {
    if (edge === undefined) return []
    return typeof edge === 'string' ? [edge] : [edge.absentIn, edge.presentIn]
  })
  const full = inMainline.map((edge) => `${seriesOf(edge)}.${numbers(edge).patch}` as KernelVersion)
  return [...full, ...Object.values(stable ?? {}).flatMap(stableReleases)].flatMap(aroundEdge)
}

function stableReleases(own: StableEdge | undefined): readonly KernelVersion[] {
  if (own === undefined || own === 'unread') return []
  if (typeof own === 'string') return [own]
  return [own.since, own.until].filter((release) => release !== undefined)
}

function aroundEdge(edge: KernelVersion): readonly KernelVersion[] {
  const { patch } = numbers(edge)
  return patch === 0 ? [edge] : [`${seriesOf(edge)}.${patch - 1}` as KernelVersion, edge]
}

function auditCoverage<In, Out>(behaviour: Behaviour<In, Out>): readonly string[] {
  const kernels = [
    ...new Set([
      ...everySeries(),
      ...behaviour.versions.flatMap(({ lifetime }) => ('proposal' in lifetime ? [] : edgesOf(lifetime))),
    ]),
  ].sort(compareVersions)
  const held = kernels.map((kernel) => holding(behaviour, profileOf(kernel)))
  const first = held.findIndex((count) => count > 0)
  const last = held.findLastIndex((count) => count > 0)
  return kernels.flatMap((kernel, at) => {
    if ((held[at] ?? 0) > 1) return [`in ${kernel} ${held[at]} versions hold`]
    return held[at] === 0 && at > first && at < last ? [`in ${kernel} no version holds`] : []
  })
}

function holding<In, Out>(behaviour: Behaviour<In, Out>, profile: Profile): number {
  const sure = behaviour.versions.filter(({ lifetime }) => inForce(lifetime, profile) === 'yes').length
  return sure > 0 ? sure : versionInForce(behaviour, profile).kind === 'unknown' ? 1 : 0
}
