import { always, rule } from '@vmm/rule'
import { kernelSource, probe } from '@vmm/source'
import { mayRun, type RunRule, waits } from './case.ts'

export const runUninitializedSignal: RunRule = rule({
  id: 'run-uninitialized-signal',
  catalogue: 'run-eintr',
  says: 'a vCPU waits for INIT until a signal comes',
  lifetime: always,
  errno: 'EINTR',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_ioctl_run', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_ioctl_run', '6.1.192'),
    probe('vcpus', 'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU and kvm_intel under Bochs'),
  ],
  evidence: 'recorded',
  refuses: ({ uninitialized, woken }) => uninitialized && !woken,
  witness: { refused: waits, accepted: mayRun },
})
