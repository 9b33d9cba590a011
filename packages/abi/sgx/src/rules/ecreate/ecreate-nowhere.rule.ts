import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { anEcreate } from '../../a-guest.ts'
import type { EcreateCase } from '../../encls-case.ts'
import type { SgxError } from '../../guest.ts'

/** A slot of /dev/sgx_vepc for SECS: that it is enclave memory, the processor finds out. */
export const ecreateNowhere = rule<EcreateCase, SgxError>({
  id: 'sgx-ecreate-nowhere',
  catalogue: 'sgx-ecreate-checks',
  says: 'SECINFO, the source page and SECS are in memory of slots',
  lifetime: since('5.13'),
  errno: 'internal error',
  sources: [
    kernelSource('arch/x86/kvm/vmx/sgx.c', 'handle_encls_ecreate', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/sgx.c', 'handle_encls_ecreate', '6.1.192'),
  ],
  evidence: 'source',
  refuses: ({ secInfo, sourcePage, secs }) => [secInfo, sourcePage, secs].some(({ leads }) => leads === 'nowhere'),
  witness: { refused: anEcreate({ secs: { address: 0x2000n, leads: 'nowhere' } }), accepted: anEcreate() },
})
