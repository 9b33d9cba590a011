import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { asked, capabilities, type EnableCapRule } from './case.ts'
import { recordedCapabilities } from './where-recorded.ts'

export const quirks2Unknown: EnableCapRule = rule({
  id: 'disable-quirks2-unknown',
  catalogue: 'enable-cap-vm',
  says: 'only quirks that the release lists can be switched off by KVM_CAP_DISABLE_QUIRKS2',
  lifetime: since('5.18'),
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_enable_cap', '6.12.117'), recordedCapabilities],
  evidence: 'recorded',
  refuses: ({ capability, arguments: [quirks], answered }) =>
    capability === capabilities.quirks2 && (quirks & ~BigInt(answered)) !== 0n,
  witness: {
    refused: asked(capabilities.quirks2, 0x80n, { answered: 0x7f }),
    accepted: asked(capabilities.quirks2, 0x40n, { answered: 0x7f }),
  },
})
