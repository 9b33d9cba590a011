import { type KernelVersion, readVersion } from './kernel-version.ts'

/** The kernel that is meant: a release, what of its released bugs is reproduced, and proposals switched on over it. */
export interface Profile {
  readonly kernel: KernelVersion
  /** `'as-released'` reproduces the bugs of the release, `'fixed'` behaves as their repair does. */
  readonly bugs: 'as-released' | 'fixed'
  /** Names of proposals that were never merged, or merged otherwise. */
  readonly proposals: readonly string[]
}

/** What a text that should name a profile turned out to be. */
export type ReadProfile =
  | { readonly kind: 'profile'; readonly profile: Profile }
  | { readonly kind: 'bad-version'; readonly says: string }

/** A profile of one release: its bugs as released, and nothing proposed. */
export function profileOf(kernel: KernelVersion): Profile {
  return { kernel, bugs: 'as-released', proposals: [] }
}

/** Reads `6.1`, `6.1.43` or `5.4+rfc-cpuid-ebusy+…`: a release, then the names of proposals over it. */
export function readProfile(text: string): ReadProfile {
  const [release = '', ...proposals] = text.split('+')
  const version = readVersion(release)
  if (version.kind === 'bad-version') return version
  if (proposals.includes('')) return { kind: 'bad-version', says: `"${text}": a proposal's name must follow each +` }
  return { kind: 'profile', profile: { kernel: version.version, bugs: 'as-released', proposals } }
}

/** The profile in the words that {@link readProfile} reads. */
export function tellProfile({ kernel, proposals }: Profile): string {
  return [kernel, ...proposals].join('+')
}
