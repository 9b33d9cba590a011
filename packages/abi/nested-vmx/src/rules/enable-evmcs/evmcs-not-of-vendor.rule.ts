import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { EnableEvmcs } from './call.ts'
import { anEnable } from './witness.ts'

export const evmcsNotOfVendor = rule<EnableEvmcs>({
  id: 'evmcs-not-of-vendor',
  catalogue: 'evmcs-enable',
  says: 'a vendor module without enlightened VMCSs enables none',
  lifetime: always,
  errno: 'ENOTTY',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_enable_cap', '6.12.117')],
  evidence: 'source',
  refuses: ({ supported }) => !supported,
  witness: { refused: anEnable({ supported: false }), accepted: anEnable() },
})
