import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { type DispatchRule, versionAsked } from './case.ts'

const onVcpu = { ...versionAsked, fd: 'vcpu' } as const

/** What is called from inside KVM_RUN waits for it to come back, which it does not before: somebody has to kill the caller. */
export const vcpuRuns: DispatchRule = rule({
  id: 'fd-vcpu-mutex',
  catalogue: 'fd-vcpu-mutex',
  says: 'a vCPU answers one caller at a time: another one waits until it is its turn, or is killed',
  lifetime: always,
  errno: 'EINTR',
  sources: [
    kernelSource('virt/kvm/kvm_main.c', 'kvm_vcpu_ioctl', '6.12.117'),
    kernelSource('virt/kvm/kvm_main.c', 'kvm_vcpu_ioctl', '6.1.192'),
  ],
  evidence: 'source',
  refuses: ({ fd, runs }) => fd === 'vcpu' && runs === true,
  witness: { refused: { ...onVcpu, runs: true }, accepted: onVcpu },
})
