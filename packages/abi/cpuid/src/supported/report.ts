import type { ReleasedLifetime } from '@vmm/rule'
import type { Source } from '@vmm/source'
import type { Feature } from '../all.ts'
import type { Condition } from './conditions.ts'

/**
 * How KVM comes to report a bit:
 *
 * - `'host'`: the hardware has it and the host's kernel uses it;
 * - `'hardware'`: the hardware has it, whatever the kernel does with it;
 * - `'set'`: KVM sets it, whatever the hardware has.
 */
export type How = 'host' | 'hardware' | 'set'

/** Why and since when KVM_GET_SUPPORTED_CPUID reports a feature. A feature with several rows is reported by any. */
export interface Report {
  readonly feature: Feature
  readonly how: How
  readonly lifetime: ReleasedLifetime
  readonly source: Source
  /** The one vendor module that does so; left out, all do. */
  readonly only?: 'kvm_intel' | 'kvm_amd'
  /** What must also be so. */
  readonly when?: readonly Condition[]
  /** The module parameter that can turn it off, by full name. */
  readonly param?: string
}

/** What a row may say besides its feature, how and since when. */
export type ReportOptions = Pick<Report, 'only' | 'when' | 'param'>

/** Makes rows of one source. */
export function reportsOf(source: Source) {
  return (feature: Feature, how: How, lifetime: ReleasedLifetime, options: ReportOptions = {}): Report => ({
    feature,
    how,
    lifetime,
    source,
    ...options,
  })
}
