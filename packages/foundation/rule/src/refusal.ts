import { cite } from '@vmm/source'
import { type Errno, errnos } from './errno.rows.ts'
import { type Lifetime, tellLifetime } from './lifetime.ts'
import type { Rule, Sources } from './rule.ts'

/** A call that the kernel refused: which error, by which rule, over which releases, and where that is written. */
export interface Refusal<Error extends string = Errno> {
  readonly kind: 'refused'
  readonly errno: Error
  readonly rule: string
  readonly call: string
  readonly lifetime: Lifetime
  readonly sources: Sources
  /**
   * The whole in one line: `KVM_SET_CPUID2: EINVAL: once a vCPU … (set-cpuid-immutable-after-run, since 5.17 and
   * 5.16.3; commit …)`.
   */
  readonly says: string
}

/** The refusal of `call` by a rule. */
export function refusalBy<Call, Error extends string>(rule: Rule<Call, Error>, call: string): Refusal<Error> {
  const { errno, id, lifetime, sources } = rule
  const says = `${call}: ${errno}: ${rule.says} (${id}, ${tellLifetime(lifetime)}; ${cite(sources[0])})`
  return { kind: 'refused', errno, rule: id, call, lifetime, sources, says }
}

/** What the system call returns for an error: its number, negative, as the kernel's own code has it. */
export function returnOf(errno: Errno): number {
  return -errnos[errno]
}
