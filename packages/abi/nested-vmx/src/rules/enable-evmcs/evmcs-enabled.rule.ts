import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { EnableEvmcs } from './call.ts'
import { anEnable } from './witness.ts'

export const evmcsEnabled = behaviour<EnableEvmcs, EnableEvmcs>({
  id: 'evmcs-enabled',
  catalogue: 'evmcs-enable',
  says: 'enlightened VMCSs are on from here, for good: the version is written only then',
  sources: [kernelSource('arch/x86/kvm/vmx/hyperv.c', 'nested_enable_evmcs', '6.12.117')],
  evidence: 'source',
  versions: [
    {
      lifetime: always,
      does: (call) => ({ ...call, enabled: true, version: call.hasVmx ? 0x101 : 0 }),
      witness: { in: anEnable(), out: anEnable({ enabled: true, version: 0x101 }) },
    },
  ],
})
