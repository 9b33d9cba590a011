import { inForce, type Profile } from '@vmm/rule'
import { guestChecks } from './guest-checks.rows.ts'
import type { L2Entry, VmcsCheck } from './vmcs-check.ts'

/** Says why an entry fails for its guest's state, as an exit qualification; undefined where it does not. */
export type GuestStateChecks = (entry: L2Entry) => number | undefined

/** Source: SDM 3C 27.8 VM-Entry Failures During or After Loading Guest State. */
const qualifications = { other: 0, linkPointer: 4 } as const
const ofLinkPointer: ReadonlySet<string> = new Set(['nested-vmx-link-address', 'nested-vmx-link-revision'])

/** What a release checks of a guest at an entry. What it leaves to the processor is for the caller. */
export function guestStateChecks(profile: Profile): GuestStateChecks {
  const rows = Object.entries<VmcsCheck>(guestChecks).filter(
    ([, { lifetime }]) => lifetime === undefined || inForce(lifetime, profile) === 'yes',
  )
  return (entry) => {
    const failed = rows.find(([, { fails }]) => fails(entry))
    if (failed === undefined) return undefined
    return ofLinkPointer.has(failed[0]) ? qualifications.linkPointer : qualifications.other
  }
}
