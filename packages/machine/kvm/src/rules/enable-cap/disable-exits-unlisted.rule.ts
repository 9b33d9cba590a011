import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { asked, capabilities, type EnableCapRule } from './case.ts'
import { recordedCapabilities } from './where-recorded.ts'

export const disableExitsUnlisted: EnableCapRule = rule({
  id: 'disable-exits-unlisted',
  catalogue: 'enable-cap-vm',
  says: 'of exits, those can be switched off that KVM_CHECK_EXTENSION lists',
  lifetime: since({ absentIn: '6.12.117', presentIn: '6.18' }),
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_get_allowed_disable_exits', '7.0'), recordedCapabilities],
  evidence: 'recorded',
  refuses: ({ capability, arguments: [exits], answered }) =>
    capability === capabilities.disableExits && (exits & ~BigInt(answered)) !== 0n,
  witness: {
    refused: asked(capabilities.disableExits, 1n, { answered: 0xe }),
    accepted: asked(capabilities.disableExits, 2n, { answered: 0xe }),
  },
})
