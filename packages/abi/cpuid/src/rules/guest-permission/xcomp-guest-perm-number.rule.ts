import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { aPermissionCall, knownComponents, type PermissionCall } from './permission-call.ts'

/** Of components after XTILE_DATA these kernels know nothing. */
export const xcompNumber = rule<PermissionCall>({
  id: 'xcomp-guest-perm-number',
  catalogue: 'xcomp-guest-perm',
  says: 'a component has a number that the kernel knows',
  lifetime: since('5.17'),
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kernel/fpu/xstate.c', 'xstate_request_perm', '6.1.192'),
    kernelSource('arch/x86/kernel/fpu/xstate.c', 'xstate_request_perm', '6.12.117'),
  ],
  evidence: 'source',
  refuses: ({ component }) => component >= knownComponents,
  witness: { refused: aPermissionCall({ component: 19n }), accepted: aPermissionCall() },
})
