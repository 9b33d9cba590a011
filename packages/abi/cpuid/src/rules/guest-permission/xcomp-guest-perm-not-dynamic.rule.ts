import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { aPermissionCall, bitsOf, type PermissionCall } from './permission-call.ts'

/** Also for XTILE_CFG, which is in XCR0 from the start. */
export const xcompNotDynamic = rule<PermissionCall>({
  id: 'xcomp-guest-perm-not-dynamic',
  catalogue: 'xcomp-guest-perm',
  says: 'permission is asked for XTILE_DATA alone: everything else is there without',
  lifetime: since('5.17'),
  errno: 'EOPNOTSUPP',
  sources: [
    kernelSource('arch/x86/kernel/fpu/xstate.c', 'xstate_request_perm', '6.1.192'),
    kernelSource('arch/x86/kernel/fpu/xstate.c', 'xstate_request_perm', '6.12.117'),
  ],
  evidence: 'source',
  refuses: (call) => bitsOf(call) === 0n,
  witness: { refused: aPermissionCall({ component: 2n }), accepted: aPermissionCall() },
})
