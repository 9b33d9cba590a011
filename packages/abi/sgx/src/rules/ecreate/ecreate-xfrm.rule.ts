import { rule, since } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import { aGuest, anEcreate } from '../../a-guest.ts'
import type { EcreateCase } from '../../encls-case.ts'
import type { SgxError } from '../../guest.ts'

const x87AndSse = 3n

/** Before this KVM rewrote the guest’s CPUID instead: `rt-sgx-xfrm` of @vmm/cpuid. */
export const ecreateXfrm = rule<EcreateCase, SgxError>({
  id: 'sgx-ecreate-xfrm',
  catalogue: 'sgx-ecreate-xfrm',
  says: 'XFRM has x87 and SSE, and beyond these no state that the guest may not have in XCR0',
  lifetime: since('6.4'),
  errno: '#GP',
  sources: [
    kernelSource('arch/x86/kvm/vmx/sgx.c', '__handle_encls_ecreate', '6.12.117'),
    commit('ad45413d22e6', "KVM: VMX: Don't rely _only_ on CPUID to enforce XCR0 restrictions for ECREATE"),
  ],
  evidence: 'source',
  refuses: ({ guest: { supportedXcr0 }, asked: { xfrm } }) =>
    (xfrm & x87AndSse) !== x87AndSse || (xfrm & ~(supportedXcr0 | x87AndSse)) !== 0n,
  witness: {
    refused: anEcreate({ asked: { ...anEcreate().asked, xfrm: 7n }, guest: aGuest({ supportedXcr0: 3n }) }),
    accepted: anEcreate({ asked: { ...anEcreate().asked, xfrm: 7n } }),
  },
})
