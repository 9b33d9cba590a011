import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { anEcreate } from '../../a-guest.ts'
import { type EcreateCase, isPlaced } from '../../encls-case.ts'
import type { SgxError } from '../../guest.ts'

/** Both addresses stand in PAGEINFO. */
export const ecreatePointers = rule<EcreateCase, SgxError>({
  id: 'sgx-ecreate-pointers',
  catalogue: 'sgx-ecreate-checks',
  says: 'SECINFO is aligned to 64 bytes and the source page to a page',
  lifetime: since('5.13'),
  errno: '#GP',
  sources: [
    kernelSource('arch/x86/kvm/vmx/sgx.c', 'handle_encls_ecreate', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/sgx.c', 'handle_encls_ecreate', '6.1.192'),
  ],
  evidence: 'source',
  refuses: ({ secInfo, sourcePage }) => !isPlaced(secInfo, 64n) || !isPlaced(sourcePage, 4096n),
  witness: { refused: anEcreate({ secInfo: { address: 0x3020n, leads: 'memory' } }), accepted: anEcreate() },
})
