import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { mayRun, type RunRule, waits } from './case.ts'

export const runUninitializedAtOnce: RunRule = rule({
  id: 'run-uninitialized-at-once',
  catalogue: 'run-order',
  says: 'with immediate_exit, a vCPU that waits for INIT comes back before anything is looked at',
  lifetime: always,
  errno: 'EINTR',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_ioctl_run', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_ioctl_run', '6.1.192'),
  ],
  evidence: 'source',
  refuses: ({ uninitialized, beganAtOnce }) => uninitialized && beganAtOnce,
  witness: {
    refused: { ...waits, beganAtOnce: true, atOnce: true },
    accepted: { ...mayRun, beganAtOnce: true, atOnce: true },
  },
})
