import { auditBehaviour, auditPipeline, auditRule } from './audit.ts'
import type { Behaviour } from './behaviour.ts'
import type { Lifetime } from './lifetime.ts'
import type { Pipeline } from './pipeline.ts'
import type { Promised, Rule } from './rule.ts'

/** A promise as a list of promises shows it, whatever it is about: what a package's own list is made of. */
export interface Entry extends Promised {
  readonly kind: 'rule' | 'behaviour'
  /** The call it belongs to. */
  readonly call: string
  /** The releases of a rule, or of each version of a behaviour. */
  readonly lifetimes: readonly Lifetime[]
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
  return all.filter((entry, at) => all.findIndex(({ id }) => id === entry.id) === at)
}

/** A behaviour that stands alone. */
export function behaviourEntry<In, Out>(call: string, behaviour: Behaviour<In, Out>): Entry {
  return {
    ...promised(behaviour),
    kind: 'behaviour',
    call,
    lifetimes: behaviour.versions.map(({ lifetime }) => lifetime),
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
  return { ...promised(rule), kind: 'rule', call, lifetimes: [lifetime], errno, audit }
}

function promised({ id, catalogue, says, sources, evidence }: Promised): Promised {
  return { id, catalogue, says, sources, evidence }
}

function reachability<State, Error extends string>(pipeline: Pipeline<State, Error>, id: string): readonly string[] {
  return auditPipeline(pipeline).filter((finding) => finding.startsWith(`${id}:`))
}
