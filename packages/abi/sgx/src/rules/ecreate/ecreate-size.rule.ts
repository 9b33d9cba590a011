import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { anEcreate } from '../../a-guest.ts'
import type { EcreateCase } from '../../encls-case.ts'
import { leaf12, type SgxError } from '../../guest.ts'
import { mostBits } from './offered.ts'

/** The largest size itself is refused, which a processor would take. */
export const ecreateSize = rule<EcreateCase, SgxError>({
  id: 'sgx-ecreate-size',
  catalogue: 'sgx-ecreate-checks',
  says: 'an enclave is smaller than the guest’s leaf 12H lets it be',
  lifetime: since('5.13'),
  errno: '#GP',
  sources: [
    kernelSource('arch/x86/kvm/vmx/sgx.c', '__handle_encls_ecreate', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/sgx.c', '__handle_encls_ecreate', '6.1.192'),
  ],
  evidence: 'source',
  refuses: ({ guest: { table }, asked }) => asked.size >= 1n << BigInt(mostBits(asked, leaf12(table, 0))),
  witness: { refused: anEcreate({ asked: { ...anEcreate().asked, size: 1n << 36n } }), accepted: anEcreate() },
})
