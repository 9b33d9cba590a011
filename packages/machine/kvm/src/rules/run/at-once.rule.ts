import { rule, until } from '@vmm/rule'
import { commit, kernelSource, probe } from '@vmm/source'
import { mayRun, type RunRule } from './case.ts'

export const runAtOnce: RunRule = rule({
  id: 'run-at-once',
  catalogue: 'run-complete-first',
  says: 'with immediate_exit, as it is by then, KVM_RUN finishes what user space has answered and comes back',
  lifetime: until('6.11'),
  errno: 'EINTR',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_ioctl_run', '6.1.192'),
    commit('a6816314af57', 'KVM: Introduce vcpu->wants_to_run'),
    probe('run', 'Linux 6.1.192, kvm_amd under QEMU and kvm_intel under Bochs'),
  ],
  evidence: 'recorded',
  refuses: ({ atOnce }) => atOnce,
  witness: { refused: { ...mayRun, atOnce: true }, accepted: { ...mayRun, beganAtOnce: true } },
})
