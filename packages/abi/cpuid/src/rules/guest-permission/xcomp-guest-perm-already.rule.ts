import { behaviour, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { aPermissionCall, bitsOf, type PermissionCall } from './permission-call.ts'

const source = kernelSource('arch/x86/kernel/fpu/xstate.c', '__xstate_request_perm', '6.12.117')

/** Nothing to be done, and nothing that could be refused any more. */
export const xcompAlready = behaviour<PermissionCall, boolean>({
  id: 'xcomp-guest-perm-already',
  catalogue: 'xcomp-guest-perm',
  says: 'what a process has already is granted again, also after its first vCPU',
  sources: [source],
  evidence: 'source',
  versions: [
    {
      lifetime: since('5.17'),
      does: (call) => (call.permitted & bitsOf(call)) === bitsOf(call),
      witness: { in: aPermissionCall({ permitted: 0x4_0000n }), out: true },
    },
  ],
})
