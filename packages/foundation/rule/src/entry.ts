import { auditBehaviour, auditPipeline, auditRule } from './audit.ts'
import type { Behaviour, Version } from './behaviour.ts'
import type { Lifetime } from './lifetime.ts'
import { type Pipeline, promiseOf, resolve, run, type Step } from './pipeline.ts'
import type { Profile } from './profile.ts'
import type { Refusal } from './refusal.ts'
import type { Promised, Rule } from './rule.ts'

/** What a promise was over one lifetime, for people. */
export interface EntryVersion extends Pick<Version<unknown, unknown>, 'lifetime' | 'says' | 'sources' | 'bug'> {}

/** One step of a call, for people: a promise that moved has two places. */
export interface EntryStep {
  readonly id: string
  readonly says: string
  /** The error, of a step that refuses. */
  readonly errno: string | undefined
  /** When the step stands in this place, where it has not always. */
  readonly place: Lifetime | undefined
  /** The releases of its promise. */
  readonly lifetimes: readonly Lifetime[]
}

/** A promise as a list of promises shows it, whatever it is about: what a package's own list is made of. */
export interface Entry extends Promised {
  readonly kind: 'rule' | 'behaviour'
  /** The call it belongs to. */
  readonly call: string
  /** The releases of a rule, or of each version of a behaviour. */
  readonly lifetimes: readonly Lifetime[]
  /** What it was over each of them. */
  readonly versions: readonly EntryVersion[]
  /** The steps of its call, in the kernel's order; none where the promise stands alone. */
  readonly steps: () => readonly EntryStep[]
  /** The error of a rule. */
  readonly errno: string | undefined
  /** What is wrong with it as written, a sentence each. */
  readonly audit: () => readonly string[]
  /** What the whole call answers under a profile to the call that a rule's witness says it refuses. */
  readonly answer: (profile: Profile) => WitnessAnswer
}

/** A refusal, by this rule or by another; that nobody has read whether the rule holds; or that the call is done. */
export type WitnessAnswer = Refusal<string> | { readonly kind: 'unread' } | { readonly kind: 'done' }

/** The promises of a call, each once, in the order of its steps; the undo comes last. */
export function pipelineEntries<State, Error extends string>(pipeline: Pipeline<State, Error>): readonly Entry[] {
  const { call, steps, undo } = pipeline
  const entries = steps.map((step) => {
    if (step.kind === 'check') return ruleEntry(pipeline, step.rule)
    return step.kind === 'act' ? behaviourEntry(call, step.behaviour) : behaviourEntry(call, step.behaviour)
  })
  const all = undo === undefined ? entries : [...entries, behaviourEntry(call, undo)]
  const listed = () => steps.map((step) => listedStep(step))
  return all
    .filter((entry, at) => all.findIndex(({ id }) => id === entry.id) === at)
    .map((entry) => ({ ...entry, steps: listed }))
}

function listedStep<State, Error extends string>(step: Step<State, Error>): EntryStep {
  const { id, says } = promiseOf(step)
  const lifetimes =
    step.kind === 'check' ? [step.rule.lifetime] : step.behaviour.versions.map(({ lifetime }) => lifetime)
  return { id, says, errno: step.kind === 'check' ? step.rule.errno : undefined, place: step.lifetime, lifetimes }
}

/** A behaviour that stands alone. */
export function behaviourEntry<In, Out>(call: string, behaviour: Behaviour<In, Out>): Entry {
  return {
    ...promised(behaviour),
    kind: 'behaviour',
    call,
    lifetimes: behaviour.versions.map(({ lifetime }) => lifetime),
    versions: behaviour.versions,
    steps: () => [],
    errno: undefined,
    audit: () => auditBehaviour(behaviour),
    answer: () => ({ kind: 'done' }),
  }
}

function ruleEntry<State, Error extends string>(pipeline: Pipeline<State, Error>, rule: Rule<State, Error>): Entry {
  const { lifetime, errno, bug } = rule
  return {
    ...promised(rule),
    kind: 'rule',
    call: pipeline.call,
    lifetimes: [lifetime],
    versions: [{ lifetime, ...(bug === undefined ? {} : { bug: bug.says }) }],
    steps: () => [],
    errno,
    audit: () => [...auditRule(rule), ...reachability(pipeline, rule.id)],
    answer: (profile) => answerTo(rule, pipeline, profile),
  }
}

function answerTo<State, Error extends string>(
  { id, witness }: Rule<State, Error>,
  pipeline: Pipeline<State, Error>,
  profile: Profile,
): WitnessAnswer {
  const outcome = run(resolve(pipeline, profile), witness.refused)
  if (outcome.unread.some((promise) => promise.id === id)) return { kind: 'unread' }
  return outcome.kind === 'refused' ? outcome.refusal : { kind: 'done' }
}

function promised({ id, catalogue, says, sources, evidence, errata }: Promised): Promised {
  return { id, catalogue, says, sources, evidence, ...(errata === undefined ? {} : { errata }) }
}

function reachability<State, Error extends string>(pipeline: Pipeline<State, Error>, id: string): readonly string[] {
  return auditPipeline(pipeline).filter((finding) => finding.startsWith(`${id}:`))
}
