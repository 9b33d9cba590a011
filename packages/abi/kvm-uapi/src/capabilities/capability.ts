import type { Evidence, Lifetime } from '@vmm/rule'
import { kernelSource, type Source } from '@vmm/source'
import { headerPaths } from '../structs/uapi-struct.ts'
import type { HostFacts } from './host-facts.ts'

/** What KVM_CHECK_EXTENSION answers: a number that is the same everywhere, or one that depends on the host. */
export type Answer =
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'host'; readonly says: string; readonly value: (host: HostFacts) => number }
  /** The bits of all quirks that the release has. */
  | { readonly kind: 'quirks' }

/** An answer over the releases that give it. */
export interface AnswerVersion {
  readonly lifetime: Lifetime
  readonly answer: Answer
}

/** What KVM_ENABLE_CAP is called on to switch a capability on; a capability that is only asked for has none. */
export type EnableScope = 'vm' | 'vcpu'

/** Something that KVM may be able to do. */
export interface Capability {
  readonly number: number
  /** The kernel's name: `KVM_CAP_IRQCHIP`. */
  readonly name: string
  /** Where KVM_ENABLE_CAP takes it. */
  readonly enabledOn: readonly EnableScope[]
  readonly says: string
  /** What KVM_CHECK_EXTENSION answers, oldest first; outside of these releases 0. Empty if x86 always answers 0. */
  readonly answers: readonly AnswerVersion[]
  /** How the boundaries are known: two readings between which they lie, or memory that picked the release among them. */
  readonly evidence: Evidence
  readonly source: Source
}

/** The same number everywhere. */
export function constant(value: number, lifetime: Lifetime): AnswerVersion {
  return { lifetime, answer: { kind: 'constant', value } }
}

/** A number that depends on the host. */
export function byHost(says: string, value: (host: HostFacts) => number, lifetime: Lifetime): AnswerVersion {
  return { lifetime, answer: { kind: 'host', says, value } }
}

/** Yes or no, by the host. */
export function ifHost(says: string, holds: (host: HostFacts) => boolean, lifetime: Lifetime): AnswerVersion {
  return byHost(says, (host) => (holds(host) ? 1 : 0), lifetime)
}

/** Says a capability that x86 answers for. */
export function cap(
  number: number,
  name: string,
  enabledOn: readonly EnableScope[],
  says: string,
  answers: readonly AnswerVersion[],
  evidence: Evidence = 'source',
): Capability {
  const full = `KVM_CAP_${name}`
  const source = kernelSource(headerPaths.linux, full, number > 238 ? '6.18' : '6.12')
  return { number, name: full, enabledOn, says, answers, evidence, source }
}

/** Says a capability for which x86 answers 0. */
export function never(number: number, name: string, says: string): Capability {
  return cap(number, name, [], says, [])
}
