import { always } from '@vmm/rule'
import { kernelSource, probe } from '@vmm/source'
import { guestReads, hostReads } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const platformInfoHidden = registerRule({
  id: 'platform-info-hidden',
  catalogue: 'platform-info',
  says: 'a guest reads MSR_PLATFORM_INFO unless KVM_CAP_MSR_PLATFORM_INFO was switched off',
  lifetime: always,
  errno: 'invalid',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_get_msr_common', '6.12'),
    probe('instructions', 'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU'),
  ],
  evidence: 'recorded',
  refuses: ({ access, initiator, index, vm }) =>
    access === 'read' && initiator === 'guest' && index === 0xce && !vm.guestReadsPlatformInfo,
  witness: {
    refused: guestReads(0xce, 0n, { vm: { guestReadsPlatformInfo: false } }),
    accepted: hostReads(0xce, 0n, { vm: { guestReadsPlatformInfo: false } }),
  },
})
