import { rule, since } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import { anEncls } from '../../a-guest.ts'
import type { EnclsCase } from '../../encls-case.ts'
import type { SgxError } from '../../guest.ts'

/** Enclaves are pages. */
export const enclsWithoutPaging = rule<EnclsCase, SgxError>({
  id: 'encls-without-paging',
  catalogue: 'sgx-encls-trap',
  says: 'ENCLS faults while paging is off',
  lifetime: since('6.5'),
  errno: '#GP',
  sources: [
    kernelSource('arch/x86/kvm/vmx/sgx.c', 'handle_encls', '6.12.117'),
    commit('5e50082c8c21', 'KVM: VMX: Inject #GP on ENCLS if vCPU has paging disabled (CR0.PG==0)'),
  ],
  evidence: 'source',
  refuses: ({ guest }) => !guest.paging,
  witness: { refused: anEncls(0, { paging: false }), accepted: anEncls(0) },
})
