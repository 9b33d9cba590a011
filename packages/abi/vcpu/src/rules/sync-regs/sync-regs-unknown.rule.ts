import { rule, since } from '@vmm/rule'
import { commit, kernelSource, probe } from '@vmm/source'
import type { SyncRegsCall } from '../calls.ts'

export const syncRegsUnknown = rule<SyncRegsCall>({
  id: 'sync-regs-unknown',
  catalogue: 'sync-regs',
  says: 'registers are taken and left of the kinds that KVM_CAP_SYNC_REGS says',
  lifetime: since('4.17'),
  errno: 'EINVAL',
  sources: [
    commit('01643c51bfcf', 'KVM: x86: KVM_CAP_SYNC_REGS'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_ioctl_run', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_ioctl_run', '6.1.192'),
    probe('run', 'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU and kvm_intel under Bochs'),
  ],
  evidence: 'recorded',
  refuses: ({ valid, dirty }) => ((valid | dirty) & ~7n) !== 0n,
  witness: { refused: { valid: 8n, dirty: 0n }, accepted: { valid: 7n, dirty: 7n } },
})
