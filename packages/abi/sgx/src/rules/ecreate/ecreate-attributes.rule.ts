import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { anEcreate } from '../../a-guest.ts'
import type { EcreateCase } from '../../encls-case.ts'
import { leaf12, type SgxError } from '../../guest.ts'
import { isBeyond } from './offered.ts'

/** The guest’s, which may be less than the processor’s: that is why ECREATE is intercepted. */
export const ecreateAttributes = rule<EcreateCase, SgxError>({
  id: 'sgx-ecreate-attributes',
  catalogue: 'sgx-ecreate-checks',
  says: 'MISCSELECT, ATTRIBUTES and XFRM have no bit that the guest’s leaf 12H does not offer',
  lifetime: since('5.13'),
  errno: '#GP',
  sources: [
    kernelSource('arch/x86/kvm/vmx/sgx.c', '__handle_encls_ecreate', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/sgx.c', '__handle_encls_ecreate', '6.1.192'),
  ],
  evidence: 'source',
  refuses: ({ guest: { table }, asked }) => isBeyond(asked, leaf12(table, 0), leaf12(table, 1)),
  witness: { refused: anEcreate({ asked: { ...anEcreate().asked, xfrm: 0x203n } }), accepted: anEcreate() },
})
