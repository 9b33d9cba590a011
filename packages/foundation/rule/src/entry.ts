import { auditBehaviour, auditPipeline, auditRule } from './audit.ts'
import type { Behaviour, Version } from './behaviour.ts'
import type { Lifetime } from './lifetime.ts'
import { type Pipeline, promiseOf, type Step } from './pipeline.ts'
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
}

/** The promises of a call, each once, in the order of its steps; the undo comes last. */
export function pipelineEntries<State, Error extends string>(pipeline: Pipeline<State, Error>): readonly Entry[] {
  const { call, steps, undo } = pipeline
  const entries = steps.map((step) => {
    if (step.kind === 'check') return ruleEntry(call, step.rule, () => reachability(pipeline, step.rule.id))
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
  }
}

function ruleEntry<Call, Error extends string>(
  call: string,
  rule: Rule<Call, Error>,
  more: () => readonly string[],
): Entry {
  const { lifetime, errno } = rule
  const audit = () => [...auditRule(rule), ...more()]
  const versions = [{ lifetime, ...(rule.bug === undefined ? {} : { bug: rule.bug.says }) }]
  return { ...promised(rule), kind: 'rule', call, lifetimes: [lifetime], versions, steps: () => [], errno, audit }
}

function promised({ id, catalogue, says, sources, evidence, errata }: Promised): Promised {
  return { id, catalogue, says, sources, evidence, ...(errata === undefined ? {} : { errata }) }
}

function reachability<State, Error extends string>(pipeline: Pipeline<State, Error>, id: string): readonly string[] {
  return auditPipeline(pipeline).filter((finding) => finding.startsWith(`${id}:`))
}
