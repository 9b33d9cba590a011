import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
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
  ],
  evidence: 'source',
  refuses: ({ uninitialized, woken }) => uninitialized && !woken,
  witness: { refused: waits, accepted: mayRun },
})
