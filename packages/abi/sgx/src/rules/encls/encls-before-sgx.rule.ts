import { rule, until } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { anEncls } from '../../a-guest.ts'
import type { EnclsCase } from '../../encls-case.ts'
import type { SgxError } from '../../guest.ts'

/** KVM intercepts them all: there is no control bit that would take ENCLS from a guest. */
export const enclsBeforeSgx = rule<EnclsCase, SgxError>({
  id: 'encls-before-sgx',
  catalogue: 'sgx-encls-trap',
  says: 'a kernel that gives no guest SGX makes every leaf of ENCLS an invalid opcode',
  lifetime: until('5.13'),
  errno: '#UD',
  sources: [kernelSource('arch/x86/kvm/vmx/sgx.c', 'handle_encls', '6.1.192')],
  evidence: 'source',
  refuses: ({ exits }) => exits,
  witness: { refused: anEncls(0), accepted: { ...anEncls(0), exits: false } },
})
