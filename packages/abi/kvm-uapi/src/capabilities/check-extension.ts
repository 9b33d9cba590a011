import { inForce, type Profile } from '@vmm/rule'
import { quirks } from '../quirks/quirks.rows.ts'
import { otherCapabilities, x86Capabilities } from './capabilities.rows.ts'
import type { Answer, Capability } from './capability.ts'
import type { HostFacts } from './host-facts.ts'

/** Every capability, by number. */
export const capabilities: readonly Capability[] = [...x86Capabilities, ...otherCapabilities].sort(
  (one, other) => one.number - other.number,
)

const byNumber = new Map(capabilities.map((row) => [row.number, row]))

/** The capability of a number, or undefined: newer kernels have more. */
export function capabilityNumbered(number: number): Capability | undefined {
  return byNumber.get(number)
}

/**
 * What KVM_CHECK_EXTENSION answers for a capability in a release, on a host. `says` tells what an answer depended on.
 * Where nobody has read on which side of a boundary the release is, the answer is `unknown`.
 */
export type ExtensionAnswer =
  | { readonly kind: 'answer'; readonly value: number; readonly says?: string }
  | { readonly kind: 'unknown'; readonly says: string }

/** What KVM_CHECK_EXTENSION answers: 0 for every number that the release does not know. */
export function checkExtension(number: number, profile: Profile, host: HostFacts): ExtensionAnswer {
  const found = byNumber.get(number)
  const versions = (found?.answers ?? []).map(({ lifetime, answer }) => ({ answer, holds: inForce(lifetime, profile) }))
  const sure = versions.find(({ holds }) => holds === 'yes')
  if (sure !== undefined) return given(sure.answer, profile, host)
  if (versions.every(({ holds }) => holds === 'no')) return { kind: 'answer', value: 0 }
  return { kind: 'unknown', says: `${found?.name}: nobody has read what ${profile.kernel} answers` }
}

function given(answer: Answer, profile: Profile, host: HostFacts): ExtensionAnswer {
  if (answer.kind === 'constant') return { kind: 'answer', value: answer.value }
  if (answer.kind === 'host') return { kind: 'answer', value: answer.value(host), says: answer.says }
  return quirkMask(profile, host)
}

/** The bits of the quirks that a release lets a VM switch off. */
export function quirkMask(profile: Profile, { ignorePatQuirk }: HostFacts): ExtensionAnswer {
  let value = 0
  for (const { bit, name, lifetime } of quirks) {
    if (name === 'KVM_X86_QUIRK_IGNORE_GUEST_PAT' && !ignorePatQuirk) continue
    const holds = inForce(lifetime, profile)
    if (holds === 'unknown') return { kind: 'unknown', says: `nobody has read whether ${profile.kernel} has ${name}` }
    if (holds === 'yes') value |= 1 << bit
  }
  return { kind: 'answer', value }
}
