import { rule, until } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { asked, capabilities, type EnableCapRule } from './case.ts'
import { recordedCapabilities } from './where-recorded.ts'

export const disableExitsUnknown: EnableCapRule = rule({
  id: 'disable-exits-unknown',
  catalogue: 'enable-cap-vm',
  says: 'of exits, MWAIT, HLT, PAUSE and C-states can be switched off',
  lifetime: until({ absentIn: '6.12.117', presentIn: '6.18' }),
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_enable_cap', '6.12.117'), recordedCapabilities],
  evidence: 'recorded',
  refuses: ({ capability, arguments: [exits] }) => capability === capabilities.disableExits && (exits & ~0xfn) !== 0n,
  witness: {
    refused: asked(capabilities.disableExits, 16n),
    accepted: asked(capabilities.disableExits, 15n),
  },
})
