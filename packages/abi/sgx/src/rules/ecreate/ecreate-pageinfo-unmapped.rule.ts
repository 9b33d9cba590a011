import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { anEcreate } from '../../a-guest.ts'
import type { EcreateCase } from '../../encls-case.ts'
import type { SgxError } from '../../guest.ts'

/** The guest’s page tables decide. */
export const ecreatePageinfoUnmapped = rule<EcreateCase, SgxError>({
  id: 'sgx-ecreate-pageinfo-unmapped',
  catalogue: 'sgx-ecreate-checks',
  says: 'PAGEINFO is where the guest can read',
  lifetime: since('5.13'),
  errno: '#PF',
  sources: [
    kernelSource('arch/x86/kvm/vmx/sgx.c', 'handle_encls_ecreate', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/sgx.c', 'handle_encls_ecreate', '6.1.192'),
  ],
  evidence: 'source',
  refuses: ({ pageInfo }) => pageInfo.leads === 'unmapped',
  witness: { refused: anEcreate({ pageInfo: { address: 0x1000n, leads: 'unmapped' } }), accepted: anEcreate() },
})
