import { always, rule } from '@vmm/rule'
import { kernelSource, probe } from '@vmm/source'
import type { EnableEvmcs } from './call.ts'
import { anEnable } from './witness.ts'

export const evmcsVersionFault = rule<EnableEvmcs>({
  id: 'evmcs-version-fault',
  catalogue: 'evmcs-enable',
  says: 'the versions that there are can be written where the first argument points, even where that is nowhere',
  lifetime: always,
  errno: 'EFAULT',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_enable_cap', '6.12.117'),
    probe('capabilities', 'Linux 6.1.192 and 6.12.117, kvm_intel under Bochs'),
  ],
  evidence: 'recorded',
  refuses: ({ writable }) => !writable,
  witness: { refused: anEnable({ writable: false }), accepted: anEnable() },
})
