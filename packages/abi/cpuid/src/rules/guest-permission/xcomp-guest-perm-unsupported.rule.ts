import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { aPermissionCall, bitsOf, type PermissionCall } from './permission-call.ts'

/** And its kernel uses it. */
export const xcompNotThere = rule<PermissionCall>({
  id: 'xcomp-guest-perm-unsupported',
  catalogue: 'xcomp-guest-perm',
  says: 'the host has the component',
  lifetime: since('5.17'),
  errno: 'EOPNOTSUPP',
  sources: [
    kernelSource('arch/x86/kernel/fpu/xstate.c', 'xstate_request_perm', '6.1.192'),
    kernelSource('arch/x86/kernel/fpu/xstate.c', 'xstate_request_perm', '6.12.117'),
  ],
  evidence: 'source',
  refuses: (call) => (call.supported & bitsOf(call)) !== bitsOf(call),
  witness: { refused: aPermissionCall({ supported: 7n }), accepted: aPermissionCall() },
})
