import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { aPermissionCall, type PermissionCall } from './permission-call.ts'

/** What a process has already it may ask for at any time. */
export const xcompLocked = rule<PermissionCall>({
  id: 'xcomp-guest-perm-locked',
  catalogue: 'xcomp-guest-perm',
  says: 'permission is asked for before the first vCPU is made',
  lifetime: since('5.17'),
  errno: 'EBUSY',
  sources: [
    kernelSource('arch/x86/kernel/fpu/xstate.c', 'xstate_request_perm', '6.1.192'),
    kernelSource('arch/x86/kernel/fpu/xstate.c', 'xstate_request_perm', '6.12.117'),
  ],
  evidence: 'source',
  refuses: ({ locked }) => locked,
  witness: { refused: aPermissionCall({ locked: true }), accepted: aPermissionCall() },
})
