import { always, rule } from '@vmm/rule'
import { kernelSource, probe } from '@vmm/source'
import type { GetNestedState } from './call.ts'
import { aGet } from './witness.ts'

export const getNestedUnsupported = rule<GetNestedState>({
  id: 'get-nested-unsupported',
  catalogue: 'nested-get',
  says: 'where the vendor module has no nested state, none is told',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_ioctl', '6.12.117'),
    probe('dispatch', 'Linux 6.18.44, kvm_pvm'),
  ],
  evidence: 'recorded',
  refuses: ({ supported }) => !supported,
  witness: { refused: aGet({ supported: false }), accepted: aGet() },
})
