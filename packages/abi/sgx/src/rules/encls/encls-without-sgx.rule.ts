import { rule, since } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import { anEncls } from '../../a-guest.ts'
import type { EnclsCase } from '../../encls-case.ts'
import { type SgxError, shows } from '../../guest.ts'

/** As on a processor whose firmware has left SGX out. */
export const enclsWithoutSgx = rule<EnclsCase, SgxError>({
  id: 'encls-without-sgx',
  catalogue: 'sgx-encls-trap',
  says: 'without SGX and SGX1 in the guest’s CPUID every leaf is an invalid opcode',
  lifetime: since('6.5'),
  errno: '#UD',
  sources: [
    kernelSource('arch/x86/kvm/vmx/sgx.c', 'handle_encls', '6.12.117'),
    commit('c3a1e119a343', 'KVM: VMX: Inject #GP, not #UD, if SGX2 ENCLS leafs are unsupported'),
  ],
  evidence: 'source',
  refuses: ({ guest }) => guest.module === 'off' || !shows(guest, 'SGX') || !shows(guest, 'SGX1'),
  witness: { refused: anEncls(0, { module: 'off' }), accepted: anEncls(0) },
})
