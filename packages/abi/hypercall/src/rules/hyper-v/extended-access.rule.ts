import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { isExtendedHyperVCall } from '../../hyper-v.ts'
import { type HyperVRule, hyperVMade } from './case.ts'

const extendedCalls = 20
const rights = { featuresEbx: 0, featuresEdx: 0, recommendationsEax: 0, recommendationsEbx: 0 }

export const hyperVExtendedAccess: HyperVRule = rule({
  id: 'hv-hc-extended-access',
  catalogue: 'hv-hc-access',
  says: "where Hyper-V's CPUID is enforced, an extended call is denied unless the guest was shown that there are some",
  lifetime: since({ absentIn: '6.1.192', presentIn: '6.12' }),
  errno: 'HV_STATUS_ACCESS_DENIED',
  sources: [kernelSource('arch/x86/kvm/hyperv.c', 'hv_check_hypercall_access', '6.12.117')],
  evidence: 'source',
  refuses: ({ call, context }) => {
    const shown = ((context.rights.featuresEbx >>> extendedCalls) & 1) === 1
    return isExtendedHyperVCall(call.code) && context.cpuid === 'enforced' && !shown
  },
  witness: {
    refused: hyperVMade(0x8001, { fast: 0n }, { cpuid: 'enforced', rights }),
    accepted: hyperVMade(0x8001, { fast: 0n }, { cpuid: 'enforced' }),
  },
})
