import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { anEcreate } from '../../a-guest.ts'
import type { EcreateCase } from '../../encls-case.ts'
import type { SgxError } from '../../guest.ts'

/** User space gets the address and the size. */
export const ecreatePageinfoNowhere = rule<EcreateCase, SgxError>({
  id: 'sgx-ecreate-pageinfo-nowhere',
  catalogue: 'sgx-ecreate-checks',
  says: 'PAGEINFO is in memory, not in a device',
  lifetime: since('5.13'),
  errno: 'internal error',
  sources: [
    kernelSource('arch/x86/kvm/vmx/sgx.c', 'handle_encls_ecreate', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/sgx.c', 'handle_encls_ecreate', '6.1.192'),
  ],
  evidence: 'source',
  refuses: ({ pageInfo }) => pageInfo.leads === 'nowhere',
  witness: { refused: anEcreate({ pageInfo: { address: 0x1000n, leads: 'nowhere' } }), accepted: anEcreate() },
})
