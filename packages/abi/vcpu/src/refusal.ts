import type { Errno, Refusal as RuledRefusal } from '@vmm/rule'

/** A refusal that no rule speaks of: what is asked for is not here, or the bytes are not all there. */
export interface UnruledRefusal {
  readonly kind: 'refused'
  readonly errno: Errno
  readonly says: string
  readonly rule?: undefined
}

/** A call that was refused, and why: by which rule, where one says so. What it says about changes, it keeps: mostly there are none. */
export type Refusal = RuledRefusal | UnruledRefusal

/** Refuses, with a sentence. */
export const refused = (errno: Errno, says: string): UnruledRefusal => ({ kind: 'refused', errno, says })

/** Refuses with EINVAL, which is what nearly every rule here gives. */
export const invalid = (says: string): UnruledRefusal => refused('EINVAL', says)
