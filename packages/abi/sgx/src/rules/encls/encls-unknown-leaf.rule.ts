import { rule, since } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import { anEncls } from '../../a-guest.ts'
import type { EnclsCase } from '../../encls-case.ts'
import type { SgxError } from '../../guest.ts'
import { isShown } from './leaf-shown.ts'

/** Also the second generation of leaves, where the guest has the first alone. */
export const enclsUnknownLeaf = rule<EnclsCase, SgxError>({
  id: 'encls-unknown-leaf',
  catalogue: 'sgx-encls-trap',
  says: 'a leaf that the guest’s CPUID does not have is a general-protection fault',
  lifetime: since('6.5'),
  errno: '#GP',
  sources: [
    kernelSource('arch/x86/kvm/vmx/sgx.c', 'handle_encls', '6.12.117'),
    commit('c3a1e119a343', 'KVM: VMX: Inject #GP, not #UD, if SGX2 ENCLS leafs are unsupported'),
  ],
  evidence: 'source',
  refuses: (call) => !isShown(call),
  witness: { refused: anEncls(0x10), accepted: anEncls(0xd) },
})
