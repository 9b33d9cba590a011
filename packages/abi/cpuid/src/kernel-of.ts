import type { Profile } from '@vmm/rule'
import type { CpuidTable } from './entry.ts'
import { profileFor, type SupportedQuestion } from './supported/supported-cpuid.ts'

/** Where a call is made: on which kernel, of which host. */
export interface Where extends Pick<SupportedQuestion, 'kernel' | 'host'> {
  /** What KVM_GET_SUPPORTED_CPUID answers there, where that is known better than `supportedCpuid` knows it. */
  readonly supported?: CpuidTable | undefined
}

const read = new Map<string, Profile>()

/** {@link profileFor}, remembering what was asked before. */
export function profileNamed(kernel: Where['kernel']): Profile {
  if (typeof kernel !== 'string') return kernel
  const profile = read.get(kernel) ?? profileFor(kernel)
  read.set(kernel, profile)
  return profile
}

/** A name for what a profile resolves to. */
export function keyOf({ kernel, bugs, proposals }: Profile): string {
  return proposals.length === 0 && bugs === 'as-released' ? kernel : `${kernel} ${bugs} ${proposals.join('+')}`
}
