import { behaviour, since, until } from '@vmm/rule'
import { commit, kernelSource, probe } from '@vmm/source'

/** What KVM_GET_CLOCK tells of the clock. */
export interface ToldClock {
  /** All vCPUs' counters run alike, and the host keeps its time by such a counter. */
  readonly stable: boolean
}

/** The flags of KVM_GET_CLOCK. */
export const clockFlagsTold = behaviour<ToldClock, number>({
  id: 'clock-flags-told',
  catalogue: 'kvm-clock',
  says: 'a clock that is kept by counters is told with the time of day and the counter that it was read at',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', '__get_kvmclock', '6.12.117'),
    probe('time', 'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU and kvm_intel under Bochs'),
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: until('5.16'),
      says: 'that a clock is kept by counters is told',
      sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vm_ioctl', '5.15')],
      does: ({ stable }) => (stable ? 2 : 0),
      witness: { in: { stable: true }, out: 2 },
    },
    {
      lifetime: since('5.16'),
      sources: [
        commit('c68dc1b577ea', 'KVM: x86: Report host tsc and realtime values in KVM_GET_CLOCK'),
        kernelSource('arch/x86/kvm/x86.c', '__get_kvmclock', '6.1.192'),
      ],
      does: ({ stable }) => (stable ? 0xe : 0),
      witness: { in: { stable: true }, out: 0xe },
    },
  ],
})
