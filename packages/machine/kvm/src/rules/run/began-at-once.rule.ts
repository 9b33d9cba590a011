import { rule, since } from '@vmm/rule'
import { commit, kernelSource, probe } from '@vmm/source'
import { mayRun, type RunRule } from './case.ts'

export const runBeganAtOnce: RunRule = rule({
  id: 'run-began-at-once',
  catalogue: 'run-complete-first',
  says: 'with immediate_exit, as it was when the call began, KVM_RUN finishes what user space has answered and comes back',
  lifetime: since('6.11'),
  errno: 'EINTR',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_ioctl_run', '6.12.117'),
    commit('a6816314af57', 'KVM: Introduce vcpu->wants_to_run'),
    probe('run', 'Linux 6.12.117, kvm_amd under QEMU and kvm_intel under Bochs'),
  ],
  evidence: 'recorded',
  refuses: ({ beganAtOnce }) => beganAtOnce,
  witness: { refused: { ...mayRun, beganAtOnce: true }, accepted: { ...mayRun, atOnce: true } },
})
