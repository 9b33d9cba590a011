import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { aGuest, anEcreate } from '../../a-guest.ts'
import type { EcreateCase } from '../../encls-case.ts'
import { leaf12, type SgxError } from '../../guest.ts'

/** A table of user space’s that KVM cannot make sense of. */
export const ecreateCpuidMissing = rule<EcreateCase, SgxError>({
  id: 'sgx-ecreate-cpuid-missing',
  catalogue: 'sgx-ecreate-cpuid-missing',
  says: 'the guest’s CPUID has both sub-leaves of 12H that say what an enclave may be',
  lifetime: since('5.13'),
  errno: 'internal error',
  sources: [
    kernelSource('arch/x86/kvm/vmx/sgx.c', '__handle_encls_ecreate', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/sgx.c', '__handle_encls_ecreate', '6.1.192'),
  ],
  evidence: 'source',
  refuses: ({ guest: { table } }) => leaf12(table, 0) === undefined || leaf12(table, 1) === undefined,
  witness: { refused: anEcreate({ guest: aGuest({ table: [] }) }), accepted: anEcreate() },
})
