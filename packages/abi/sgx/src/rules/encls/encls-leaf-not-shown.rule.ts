import { between, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { anEncls } from '../../a-guest.ts'
import type { EnclsCase } from '../../encls-case.ts'
import { type SgxError, shows } from '../../guest.ts'
import { isShown } from './leaf-shown.ts'

/** The processor has a general-protection fault for a leaf that it does not have. */
export const enclsLeafNotShown = rule<EnclsCase, SgxError>({
  id: 'encls-leaf-not-shown',
  catalogue: 'sgx-encls-trap',
  says: 'a leaf that the guest’s CPUID does not have is an invalid opcode',
  lifetime: between('5.13', '6.5'),
  errno: '#UD',
  sources: [kernelSource('arch/x86/kvm/vmx/sgx.c', 'handle_encls', '6.1.192')],
  evidence: 'source',
  refuses: (call) => call.guest.module === 'off' || !shows(call.guest, 'SGX') || !isShown(call),
  witness: { refused: anEncls(0x10), accepted: anEncls(0) },
})
