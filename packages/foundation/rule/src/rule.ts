import type { Source } from '@vmm/source'
import type { Errno } from './errno.rows.ts'
import type { Lifetime } from './lifetime.ts'

/**
 * How a promise is known, best first: a kernel's recorded answer, its source read, a mail or commit message read,
 * or memory, which nobody should build on before it is checked.
 */
export type Evidence = 'recorded' | 'source' | 'mail' | 'memory'

/** At least one place where a promise can be read. */
export type Sources = readonly [Source, ...Source[]]

/** What every promise carries, whatever its shape. */
export interface Promised {
  /** Its own name, in kebab case, never reused. */
  readonly id: string
  /** The entry of the catalogue it belongs to: several promises may share one. */
  readonly catalogue: string
  /** One sentence that a kernel developer would sign. */
  readonly says: string
  readonly sources: Sources
  readonly evidence: Evidence
  /** What was told wrong of it before, a sentence each in the past tense: its answers for old releases changed. */
  readonly errata?: readonly string[]
}

/** A bug of released kernels: what is wrong with it, and which promise replaced it. */
export interface ReleasedBug {
  readonly says: string
  /** The `id` of the rule that stands in its place where bugs are fixed; without it the call just goes on. */
  readonly fixedBy?: string
}

/**
 * One refusal of the kernel: when a call fails, and with which error. `Call` is all that the rule may look at. `Error`
 * is the set of errors the rule's calls answer with: the kernel's own, or what a guest gets from a hypercall.
 */
export interface Rule<Call, Error extends string = Errno> extends Promised {
  readonly lifetime: Lifetime
  readonly errno: Error
  readonly bug?: ReleasedBug
  readonly refuses: (call: Call) => boolean
  /** A call just on this side of the line and one just across it. */
  readonly witness: { readonly refused: Call; readonly accepted: Call }
}

/** A rule. What it looks at follows from where it goes: its witness must fit, and does not say. */
export function rule<Call, Error extends string = Errno>(
  row: Omit<Rule<Call, Error>, 'witness'> & {
    readonly witness: { readonly refused: NoInfer<Call>; readonly accepted: NoInfer<Call> }
  },
): Rule<Call, Error> {
  return row
}
