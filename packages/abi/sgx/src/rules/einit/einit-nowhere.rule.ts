import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { anEinit } from '../../a-guest.ts'
import type { EinitCase } from '../../encls-case.ts'
import type { SgxError } from '../../guest.ts'

/** User space gets the address. */
export const einitNowhere = rule<EinitCase, SgxError>({
  id: 'sgx-einit-nowhere',
  catalogue: 'sgx-einit',
  says: 'SIGSTRUCT, SECS and EINITTOKEN are in memory of slots',
  lifetime: since('5.13'),
  errno: 'internal error',
  sources: [
    kernelSource('arch/x86/kvm/vmx/sgx.c', 'handle_encls_einit', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/sgx.c', 'handle_encls_einit', '6.1.192'),
  ],
  evidence: 'source',
  refuses: ({ signature, secs, token }) => [signature, secs, token].some(({ leads }) => leads === 'nowhere'),
  witness: { refused: anEinit({ token: { address: 0x3200n, leads: 'nowhere' } }), accepted: anEinit() },
})
