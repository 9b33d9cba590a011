import { type KernelVersion, type Profile, profileOf, readVersion, type Series } from '@vmm/rule'
import type { CpuidTable } from './entry.ts'
import type { Host } from './host.ts'

/** Where a call is made: on which kernel, of which host. */
export interface Where {
  /** A release (`'6.1.43'`), a series (`'6.1'`: the newest release of it that is known), or a whole profile. */
  readonly kernel: Series | KernelVersion | Profile
  readonly host: Host
  /** What KVM_GET_SUPPORTED_CPUID answers there: what the capabilities of a guest are cut to since 6.14. */
  readonly supported?: CpuidTable | undefined
}

const read = new Map<string, Profile>()

/** The profile that is meant. Throws a `RangeError` for a release that nobody lists: read what users type before. */
export function profileNamed(kernel: Where['kernel']): Profile {
  if (typeof kernel !== 'string') return kernel
  const before = read.get(kernel)
  if (before !== undefined) return before
  const version = readVersion(kernel)
  if (version.kind === 'bad-version') throw new RangeError(version.says)
  const profile = profileOf(version.version)
  read.set(kernel, profile)
  return profile
}

/** A name for what a profile resolves to. */
export function keyOf({ kernel, bugs, proposals }: Profile): string {
  return proposals.length === 0 && bugs === 'as-released' ? kernel : `${kernel} ${bugs} ${proposals.join('+')}`
}
