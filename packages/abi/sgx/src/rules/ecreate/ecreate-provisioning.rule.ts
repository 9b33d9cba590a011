import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { aGuest, anEcreate } from '../../a-guest.ts'
import type { EcreateCase } from '../../encls-case.ts'
import type { SgxError } from '../../guest.ts'

/** ATTRIBUTES.PROVISIONKEY. */
const provisionKey = 1n << 4n

/** KVM_CAP_SGX_ATTRIBUTE. */
export const ecreateProvisioning = rule<EcreateCase, SgxError>({
  id: 'sgx-ecreate-provisioning',
  catalogue: 'sgx-ecreate-checks',
  says: 'an enclave with the provisioning key needs a VM that may provision, whatever CPUID says',
  lifetime: since('5.13'),
  errno: '#GP',
  sources: [
    kernelSource('arch/x86/kvm/vmx/sgx.c', '__handle_encls_ecreate', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/sgx.c', '__handle_encls_ecreate', '6.1.192'),
  ],
  evidence: 'source',
  refuses: ({ guest, asked }) => !guest.provisioning && (asked.attributes & provisionKey) !== 0n,
  witness: {
    refused: anEcreate({ asked: { ...anEcreate().asked, attributes: 0x14n } }),
    accepted: anEcreate({ guest: aGuest({ provisioning: true }), asked: { ...anEcreate().asked, attributes: 0x14n } }),
  },
})
