import { always, rule } from '@vmm/rule'
import { kernelSource, probe } from '@vmm/source'
import { type EnableCapRule, exceptionPayload } from './case.ts'

/** KVM_CAP_DIRTY_LOG_RING and KVM_CAP_DIRTY_LOG_RING_ACQ_REL. */
const looksAway: ReadonlySet<number> = new Set([192, 223])

export const enableFlags: EnableCapRule = rule({
  id: 'enable-cap-flags',
  catalogue: 'enable-cap-vm',
  says: 'no capability is enabled with flags, but for the rings of written pages, which do not look at them',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_enable_cap', '6.12.117'),
    probe('capabilities', 'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU and kvm_intel under Bochs; 6.18.44, kvm_pvm'),
  ],
  evidence: 'recorded',
  refuses: ({ capability, flags }) => flags !== 0 && !looksAway.has(capability),
  witness: { refused: { ...exceptionPayload, flags: 1 }, accepted: exceptionPayload },
})
