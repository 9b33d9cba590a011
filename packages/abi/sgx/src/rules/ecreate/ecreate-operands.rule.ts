import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { anEcreate } from '../../a-guest.ts'
import { type EcreateCase, isPlaced } from '../../encls-case.ts'
import type { SgxError } from '../../guest.ts'

/** A linear address that is none is no better than one that is not aligned. */
export const ecreateOperands = rule<EcreateCase, SgxError>({
  id: 'sgx-ecreate-operands',
  catalogue: 'sgx-ecreate-checks',
  says: 'PAGEINFO is aligned to 32 bytes and SECS to a page',
  lifetime: since('5.13'),
  errno: '#GP',
  sources: [
    kernelSource('arch/x86/kvm/vmx/sgx.c', 'handle_encls_ecreate', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/sgx.c', 'handle_encls_ecreate', '6.1.192'),
  ],
  evidence: 'source',
  refuses: ({ pageInfo, secs }) => !isPlaced(pageInfo, 32n) || !isPlaced(secs, 4096n),
  witness: { refused: anEcreate({ pageInfo: { address: 0x1010n, leads: 'memory' } }), accepted: anEcreate() },
})
