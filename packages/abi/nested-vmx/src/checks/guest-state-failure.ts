import { inForce, type Profile } from '@vmm/rule'
import { noAddress } from '../nested-state.ts'
import type { NestedVcpu } from '../rules/set-nested-state/call.ts'
import type { VmxState } from '../transitions/vmx-state.ts'
import type { Vmcs12Field } from '../vmcs12/vmcs12.ts'
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

/**
 * What KVM has against the guest's state of the current VMCS. It is not looked at again where nothing was written to since it passed: what an
 * exit saves, a processor has held. A VMCS that is linked is in memory, whose writers tell nobody.
 */
export function guestFailure(checks: GuestStateChecks, state: VmxState, vcpu: NestedVcpu): number | undefined {
  const { vmcs } = state
  if (state.guestPassed !== undefined && vmcs.read('VMCS_LINK_POINTER') === noAddress) return undefined
  const lookedAt = new Set<Vmcs12Field>()
  const read = (field: Vmcs12Field): bigint => {
    lookedAt.add(field)
    return vmcs.read(field)
  }
  const wrong = checks({ read, vcpu, runPending: true })
  state.guestPassed = wrong === undefined ? lookedAt : undefined
  return wrong
}
