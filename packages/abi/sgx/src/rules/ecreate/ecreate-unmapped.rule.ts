import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { anEcreate } from '../../a-guest.ts'
import type { EcreateCase } from '../../encls-case.ts'
import type { SgxError } from '../../guest.ts'

/** All three are translated before any is looked for in memory. */
export const ecreateUnmapped = rule<EcreateCase, SgxError>({
  id: 'sgx-ecreate-unmapped',
  catalogue: 'sgx-ecreate-checks',
  says: 'SECINFO and the source page can be read, and SECS written',
  lifetime: since('5.13'),
  errno: '#PF',
  sources: [
    kernelSource('arch/x86/kvm/vmx/sgx.c', 'handle_encls_ecreate', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/sgx.c', 'handle_encls_ecreate', '6.1.192'),
  ],
  evidence: 'source',
  refuses: ({ secInfo, sourcePage, secs }) => [secInfo, sourcePage, secs].some(({ leads }) => leads === 'unmapped'),
  witness: { refused: anEcreate({ secs: { address: 0x2000n, leads: 'unmapped' } }), accepted: anEcreate() },
})
