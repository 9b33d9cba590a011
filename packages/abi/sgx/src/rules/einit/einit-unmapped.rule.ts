import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { anEinit } from '../../a-guest.ts'
import type { EinitCase } from '../../encls-case.ts'
import type { SgxError } from '../../guest.ts'

/** By the guest’s page tables. */
export const einitUnmapped = rule<EinitCase, SgxError>({
  id: 'sgx-einit-unmapped',
  catalogue: 'sgx-einit',
  says: 'SIGSTRUCT and EINITTOKEN can be read, and SECS written',
  lifetime: since('5.13'),
  errno: '#PF',
  sources: [
    kernelSource('arch/x86/kvm/vmx/sgx.c', 'handle_encls_einit', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/sgx.c', 'handle_encls_einit', '6.1.192'),
  ],
  evidence: 'source',
  refuses: ({ signature, secs, token }) => [signature, secs, token].some(({ leads }) => leads === 'unmapped'),
  witness: { refused: anEinit({ secs: { address: 0x2000n, leads: 'unmapped' } }), accepted: anEinit() },
})
