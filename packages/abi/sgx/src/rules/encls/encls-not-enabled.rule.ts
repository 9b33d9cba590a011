import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { anEncls } from '../../a-guest.ts'
import type { EnclsCase } from '../../encls-case.ts'
import { isEnabled, type SgxError } from '../../guest.ts'

/** The value that the guest sees, which user space may set too. */
export const enclsNotEnabled = rule<EnclsCase, SgxError>({
  id: 'encls-not-enabled',
  catalogue: 'sgx-encls-trap',
  says: 'ENCLS faults until firmware has set SGX in IA32_FEATURE_CONTROL, and locked it',
  lifetime: since('5.13'),
  errno: '#GP',
  sources: [
    kernelSource('arch/x86/kvm/vmx/sgx.c', 'handle_encls', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/sgx.c', 'handle_encls', '6.1.192'),
  ],
  evidence: 'source',
  refuses: ({ guest }) => !isEnabled(guest),
  witness: { refused: anEncls(0, { featureControl: 0x4_0000n }), accepted: anEncls(0) },
})
