import { always, rule } from '@vmm/rule'
import { kernelSource, probe } from '@vmm/source'
import { mayRun, type RunRule } from './case.ts'

export const runTaskPriority: RunRule = rule({
  id: 'run-task-priority',
  catalogue: 'run-order',
  says: 'without a local APIC in the kernel, the task priority that user space gives has four bits',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_ioctl_run', '6.12.117'),
    probe('run', 'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU and kvm_intel under Bochs'),
  ],
  evidence: 'recorded',
  refuses: ({ cr8, localApic }) => localApic === 'user space' && cr8 > 15,
  witness: { refused: { ...mayRun, cr8: 16 }, accepted: { ...mayRun, cr8: 15 } },
})
