import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { anEinit } from '../../a-guest.ts'
import { type EinitCase, isPlaced } from '../../encls-case.ts'
import type { SgxError } from '../../guest.ts'

/** Only where the processor has launch control does KVM look: it executes EINIT with the guest’s key. */
export const einitOperands = rule<EinitCase, SgxError>({
  id: 'sgx-einit-operands',
  catalogue: 'sgx-einit',
  says: 'SIGSTRUCT and SECS are aligned to a page, and EINITTOKEN to 512 bytes',
  lifetime: since('5.13'),
  errno: '#GP',
  sources: [
    kernelSource('arch/x86/kvm/vmx/sgx.c', 'handle_encls_einit', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/sgx.c', 'handle_encls_einit', '6.1.192'),
  ],
  evidence: 'source',
  refuses: ({ signature, secs, token }) =>
    !isPlaced(signature, 4096n) || !isPlaced(secs, 4096n) || !isPlaced(token, 512n),
  witness: { refused: anEinit({ token: { address: 0x3100n, leads: 'memory' } }), accepted: anEinit() },
})
