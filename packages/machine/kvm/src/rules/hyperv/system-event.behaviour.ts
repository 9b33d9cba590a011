import { always, type Behaviour, behaviour } from '@vmm/rule'
import { kernelSource, probe } from '@vmm/source'

/** What a guest has written: that it has crashed, or that it wants to be reset. */
export type HypervEvent = 'crash' | 'reset'

/** KVM_SYSTEM_EVENT_*. */
const types = { reset: 2, crash: 3 } as const

export const hypervSystemEvent: Behaviour<HypervEvent, number> = behaviour<HypervEvent, number>({
  id: 'hyperv-system-event',
  catalogue: 'hv-msrs',
  says: 'user space is told of a crash that a guest tells of, and of a reset that it asks for, behind its instruction; nothing happens by itself',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'vcpu_enter_guest', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'vcpu_enter_guest', '6.1.192'),
    probe('msr', 'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU'),
  ],
  evidence: 'recorded',
  versions: [{ lifetime: always, does: (event) => types[event], witness: { in: 'crash', out: 3 } }],
})
