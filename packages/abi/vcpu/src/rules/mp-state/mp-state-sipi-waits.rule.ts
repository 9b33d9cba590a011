import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetMpStateCall } from '../calls.ts'
import { askedRules } from '../where-recorded.ts'
import { aSetMpState } from '../witnesses.ts'

export const mpStateSipiWaits = behaviour<SetMpStateCall, SetMpStateCall>({
  id: 'mp-state-sipi-waits',
  catalogue: 'mp-state',
  says: 'a SIPI that was received is stored as one that waits',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_ioctl_set_mpstate', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_ioctl_set_mpstate', '6.1.192'),
    askedRules,
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: ({ given: { mp_state }, ...call }) => ({
        ...call,
        given: { mp_state },
        stored: mp_state === 4 ? 2 : mp_state,
        sipiPending: call.sipiPending || mp_state === 4,
      }),
      witness: {
        in: aSetMpState({ given: { mp_state: 4 } }),
        out: aSetMpState({ given: { mp_state: 4 }, stored: 2, sipiPending: true }),
      },
    },
  ],
})
