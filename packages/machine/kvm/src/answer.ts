import { always, type Errno, type Promised, type Refusal } from '@vmm/rule'
import { type Source, spec } from '@vmm/source'

/** A call that was done, and what it gives. */
export interface Done<T> {
  readonly kind: 'done'
  readonly value: T
  /** Promises of which nobody has read whether this release has them, and that might have had a say. */
  readonly unread: readonly Promised[]
}

/** What a call comes to. */
export type Answer<T> = Done<T> | Refusal

const nothingUnread: readonly Promised[] = []

/** A call that was done. */
export function done<T>(value: T, unread = nothingUnread): Done<T> {
  return { kind: 'done', value, unread }
}

const own: Source = spec('README of @vmm/kvm', 'What is not here')

/** The refusal of a call that there is no memory left for: guests and processors together reach 4 GiB here. */
export function noMemory(call: string): Refusal {
  return refusedAlways(call, {
    rule: 'no-memory',
    errno: 'ENOMEM',
    says: 'there is no memory left for it',
    source: own,
  })
}

/** The refusal of a call that the kernel knows and this package does not yet. */
export function notModelled(call: string): Refusal {
  return refusedAlways(call, { rule: 'not-modelled', errno: 'ENOTTY', says: 'this call is not modelled', source: own })
}

/** A refusal that no rule of a list stands behind, and that is the same in every release. */
export function refusedAlways(
  call: string,
  {
    rule,
    errno,
    says,
    source,
  }: { readonly rule: string; readonly errno: Errno; readonly says: string; readonly source: Source },
): Refusal {
  const line = `${call}: ${errno}: ${says} (${rule}, in every release)`
  return { kind: 'refused', errno, rule, call, lifetime: always, sources: [source], says: line }
}
