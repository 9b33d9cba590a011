import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { type HyperVCase, type HyperVRule, hyperVMade, hyperVRowOf } from './case.ts'

const debugging = 11
const enforced = { cpuid: 'enforced' } as const
const noRights = { rights: { featuresEbx: 0, featuresEdx: 0, recommendationsEax: 0, recommendationsEbx: 0 } }

/**
 * The debugger's calls are let through where there is no debugger, so that they are unknown instead. The long spin wait
 * needs a count of tries in its word of CPUID, and not the one that means never.
 */
function mayCall(made: HyperVCase): boolean {
  const { context } = made
  const { featuresEbx, recommendationsEbx } = context.rights
  const row = hyperVRowOf(made)
  if (row === undefined) return true
  if (row.name === 'HVCALL_NOTIFY_LONG_SPIN_WAIT')
    return recommendationsEbx !== 0 && recommendationsEbx >>> 0 !== 0xffff_ffff
  if (row.repeats === 'unchecked') return context.debugger === 'off' || ((featuresEbx >>> debugging) & 1) === 1
  return row.needs.every(([word, bit]) => ((context.rights[word] >>> bit) & 1) === 1)
}

export const hyperVAccess: HyperVRule = rule({
  id: 'hv-hc-access',
  catalogue: 'hv-hc-access',
  says: "where Hyper-V's CPUID is enforced, a call is denied whose right the guest was not shown",
  lifetime: since('5.14'),
  errno: 'HV_STATUS_ACCESS_DENIED',
  sources: [kernelSource('arch/x86/kvm/hyperv.c', 'hv_check_hypercall_access', '6.12.117')],
  evidence: 'source',
  refuses: (made) => made.context.cpuid === 'enforced' && !mayCall(made),
  witness: {
    refused: hyperVMade('HVCALL_POST_MESSAGE', {}, { ...enforced, ...noRights }),
    accepted: hyperVMade('HVCALL_POST_MESSAGE', {}, enforced),
  },
})
