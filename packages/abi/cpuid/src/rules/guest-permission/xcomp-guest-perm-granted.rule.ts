import { behaviour, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { aPermissionCall, bitsOf, type PermissionCall } from './permission-call.ts'

const source = kernelSource('arch/x86/kernel/fpu/xstate.c', '__xstate_request_perm', '6.12.117')

/** For the whole process, and what it makes of itself; there is no way back. */
export const xcompPermitted = behaviour<PermissionCall, PermissionCall>({
  id: 'xcomp-guest-perm-granted',
  catalogue: 'xcomp-guest-perm',
  says: 'all guests of the process may have the component from now on',
  sources: [source],
  evidence: 'source',
  versions: [
    {
      lifetime: since('5.17'),
      does: (call) => ({ ...call, permitted: call.permitted | bitsOf(call) }),
      witness: { in: aPermissionCall(), out: aPermissionCall({ permitted: 0x4_0000n }) },
    },
  ],
})
