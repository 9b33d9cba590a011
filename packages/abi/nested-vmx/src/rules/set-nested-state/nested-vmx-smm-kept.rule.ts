import { nestedSmmFlags } from '@vmm/kvm-uapi'
import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedVmx } from '../../where-recorded.ts'
import type { SetNestedState } from './call.ts'
import { aSetVmx } from './witness.ts'

const { GUEST_MODE, VMXON } = nestedSmmFlags.value
const inSmm = aSetVmx({}, { given: { smmFlags: 2 }, vcpu: { inSmm: true }, state: { vmxon: true } })

export const nestedVmxSmmKept = behaviour<SetNestedState, SetNestedState>({
  id: 'nested-vmx-smm-kept',
  catalogue: 'nested-set-vmx',
  says: 'in SMM the guest is in VMX operation only again when it leaves that',
  sources: [
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.1.192'),
    askedVmx,
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: (call) => {
        if ((call.given.smmFlags & VMXON) === 0) return call
        const smmGuestMode = call.state.smmGuestMode || (call.given.smmFlags & GUEST_MODE) !== 0
        return { ...call, state: { ...call.state, vmxon: false, smmVmxon: true, smmGuestMode } }
      },
      witness: { in: inSmm, out: { ...inSmm, state: { ...inSmm.state, vmxon: false, smmVmxon: true } } },
    },
  ],
})
