import { nestedFlags } from '@vmm/kvm-uapi'
import { behaviour, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { leftNested } from '../../nested-state.ts'
import { keptVmcb } from '../../vmcb12/vmcb12.ts'
import { askedSvm } from '../../where-recorded.ts'
import type { SetNestedState } from './call.ts'
import { aSetSvm } from './witness.ts'

const { RUN_PENDING, GIF_SET } = nestedFlags.value
const nothing = new Uint8Array(0)
const given = aSetSvm()

export const nestedSvmL2Entered = behaviour<SetNestedState, SetNestedState>({
  id: 'nested-svm-l2-entered',
  catalogue: 'nested-set-svm',
  says: 'the vCPU, out of the L2 that it was in, enters this one without running: its registers are L2’s already',
  sources: [
    kernelSource('arch/x86/kvm/svm/nested.c', 'svm_set_nested_state', '6.12.117'),
    kernelSource('arch/x86/kvm/svm/nested.c', 'svm_set_nested_state', '6.1.192'),
    askedSvm,
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: since('5.8'),
      does: (call) => {
        const { flags, vmcbAddress, first } = call.given
        const entered = {
          guestMode: true,
          runPending: (flags & RUN_PENDING) !== 0,
          gif: (flags & GIF_SET) !== 0,
          vmcbAddress,
        }
        const vmcb12 = keptVmcb(first ?? nothing, call.vcpu.ownVmcb)
        return { ...call, progress: 'entering', state: { ...leftNested(call.state), ...entered, vmcb12 } }
      },
      witness: {
        in: given,
        out: {
          ...given,
          progress: 'entering',
          state: {
            ...given.state,
            guestMode: true,
            gif: true,
            vmcbAddress: 0x3000n,
            vmcb12: keptVmcb(given.given.first ?? nothing, nothing),
          },
        },
      },
    },
  ],
})
