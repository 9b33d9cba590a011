import { type Behaviour, versionInForce } from './behaviour.ts'
import type { Errno } from './errno.rows.ts'
import { type Answer, inForce, type Lifetime } from './lifetime.ts'
import type { Profile } from './profile.ts'
import { type Refusal, refusalBy } from './refusal.ts'
import type { Promised, Rule } from './rule.ts'

/** A step that may refuse the call. */
export interface Check<State, Error extends string = Errno> {
  readonly kind: 'check'
  readonly rule: Rule<State, Error>
  /** When the step stands in this place of the list; the rule's own lifetime holds too. */
  readonly lifetime?: Lifetime
}

/** A step that changes what the later ones look at, and what the call leaves behind. */
export interface Act<State> {
  readonly kind: 'act'
  readonly behaviour: Behaviour<State, State>
  readonly lifetime?: Lifetime
}

/** A step that ends the call with success where its behaviour says so. */
export interface End<State> {
  readonly kind: 'end'
  readonly behaviour: Behaviour<State, boolean>
  readonly lifetime?: Lifetime
}

/** One step of a call. */
export type Step<State, Error extends string = Errno> = Check<State, Error> | Act<State> | End<State>

/**
 * One call of the kernel as the list of its steps, in the kernel's order: which error wins is observable. A step that
 * moved from one release to the next is listed in both places, each with its lifetime.
 */
export interface Pipeline<State, Error extends string = Errno> {
  /** The call, by its name: `'KVM_SET_CPUID2'`. */
  readonly call: string
  readonly steps: readonly Step<State, Error>[]
  /** What the kernel puts back when a step has refused, given the state before the call and at the refusal. */
  readonly undo?: Behaviour<Undone<State>, State>
}

/** What an undo looks at. */
export interface Undone<State> {
  readonly before: State
  readonly at: State
}

/**
 * How a call ended. `unread` names the promises that might have had a say in this release, had somebody read where
 * their lifetime begins or ends: the answer was made without them, with the older of two versions.
 */
export type Outcome<State, Error extends string = Errno> =
  | { readonly kind: 'done'; readonly state: State; readonly unread: readonly Promised[] }
  | {
      readonly kind: 'refused'
      readonly refusal: Refusal<Error>
      readonly state: State
      readonly unread: readonly Promised[]
    }

/** A pipeline as one kernel has it: what stands in it, with the version of each behaviour found. */
export interface ResolvedPipeline<State, Error extends string = Errno> {
  readonly call: string
  readonly steps: readonly ResolvedStep<State, Error>[]
  readonly undo: ((states: Undone<State>) => State) | undefined
}

/** A step as one kernel has it, with what it does at hand. `unread` is there where nobody has read which of several things it does. */
export type ResolvedStep<State, Error extends string = Errno> =
  | { readonly kind: 'check'; readonly rule: Rule<State, Error>; readonly refuses: (state: State) => boolean }
  | { readonly kind: 'act'; readonly does: (state: State) => State; readonly unread: Promised | undefined }
  | { readonly kind: 'end'; readonly does: (state: State) => boolean; readonly unread: Promised | undefined }
  | { readonly kind: 'unread'; readonly promise: Promised; readonly matters: (state: State) => boolean }

/** Finds out once what a profile's lifetimes leave of a pipeline, so that a call costs no version comparison. */
export function resolve<State, Error extends string>(
  pipeline: Pipeline<State, Error>,
  profile: Profile,
): ResolvedPipeline<State, Error> {
  const steps = pipeline.steps.flatMap((step) => resolveStep(step, pipeline, profile))
  const undo = pipeline.undo === undefined ? undefined : versionInForce(pipeline.undo, profile)
  return { call: pipeline.call, steps, undo: undo?.kind === 'version' ? undo.version.does : undefined }
}

const nothingUnread: readonly Promised[] = []

/** Takes a call through its steps. The state given is not changed. */
export function run<State, Error extends string>(
  pipeline: ResolvedPipeline<State, Error>,
  before: State,
): Outcome<State, Error> {
  let unread = nothingUnread
  let state = before
  for (const step of pipeline.steps) {
    if (step.kind === 'check') {
      if (!step.refuses(state)) continue
      const refusal = refusalBy(step.rule, pipeline.call)
      return { kind: 'refused', refusal, state: pipeline.undo?.({ before, at: state }) ?? state, unread }
    }
    if (step.kind === 'unread') {
      if (step.matters(state)) unread = [...unread, step.promise]
      continue
    }
    if (step.unread !== undefined) unread = [...unread, step.unread]
    if (step.kind === 'act') state = step.does(state)
    else if (step.does(state)) break
  }
  return { kind: 'done', state, unread }
}

/** Who refuses a call, if anybody does, where nothing else of its outcome counts. */
export function refusalOf<State, Error extends string>(
  pipeline: ResolvedPipeline<State, Error>,
  call: State,
): Refusal<Error> | undefined {
  const outcome = run(pipeline, call)
  return outcome.kind === 'refused' ? outcome.refusal : undefined
}

/** The promise that a step is made of. */
export function promiseOf<State, Error extends string>(step: Step<State, Error>): Promised {
  return step.kind === 'check' ? step.rule : step.behaviour
}

function resolveStep<State, Error extends string>(
  step: Step<State, Error>,
  pipeline: Pipeline<State, Error>,
  profile: Profile,
): readonly ResolvedStep<State, Error>[] {
  const place = step.lifetime === undefined ? 'yes' : inForce(step.lifetime, profile)
  if (place === 'no') return []
  if (place === 'unknown') return [unreadStep(step)]
  if (step.kind === 'check') return resolveCheck(step, pipeline, profile)
  if (step.kind === 'act') return resolveDeed(step.behaviour, profile).map((deed) => ({ kind: 'act', ...deed }))
  return resolveDeed(step.behaviour, profile).map((deed) => ({ kind: 'end', ...deed }))
}

function resolveCheck<State, Error extends string>(
  step: Check<State, Error>,
  pipeline: Pipeline<State, Error>,
  profile: Profile,
): readonly ResolvedStep<State, Error>[] {
  const stands = ruleInForce(step.rule, pipeline, profile)
  if (stands === 'no') return []
  const { rule } = step
  return [stands === 'unknown' ? unreadStep(step) : { kind: 'check', rule, refuses: rule.refuses }]
}

function resolveDeed<State, Out>(
  behaviour: Behaviour<State, Out>,
  profile: Profile,
): readonly { readonly does: (state: State) => Out; readonly unread: Promised | undefined }[] {
  const found = versionInForce(behaviour, profile)
  if (found.kind === 'version') return [{ does: found.version.does, unread: undefined }]
  const oldest = found.kind === 'unknown' ? found.between[0] : undefined
  return oldest === undefined ? [] : [{ does: oldest.does, unread: behaviour }]
}

function unreadStep<State, Error extends string>(step: Step<State, Error>): ResolvedStep<State, Error> {
  const matters = step.kind === 'check' ? step.rule.refuses : () => true
  return { kind: 'unread', promise: promiseOf(step), matters }
}

function ruleInForce<State, Error extends string>(
  rule: Rule<State, Error>,
  pipeline: Pipeline<State, Error>,
  profile: Profile,
): Answer {
  if (profile.bugs === 'as-released') return inForce(rule.lifetime, profile)
  if (rule.bug !== undefined) return 'no'
  const repairs = pipeline.steps.some(
    (step) =>
      step.kind === 'check' && step.rule.bug?.fixedBy === rule.id && inForce(step.rule.lifetime, profile) === 'yes',
  )
  return repairs ? 'yes' : inForce(rule.lifetime, profile)
}
