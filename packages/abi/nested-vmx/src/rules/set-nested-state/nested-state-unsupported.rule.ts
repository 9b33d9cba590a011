import { always, rule } from '@vmm/rule'
import { kernelSource, probe } from '@vmm/source'
import type { SetNestedState } from './call.ts'
import { aSetNothing } from './witness.ts'

export const nestedStateUnsupported = rule<SetNestedState>({
  id: 'nested-state-unsupported',
  catalogue: 'nested-set-common',
  says: 'where the vendor module has no nested state, none is taken',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_ioctl', '6.12.117'),
    probe('dispatch', 'Linux 6.18.44, kvm_pvm'),
  ],
  evidence: 'recorded',
  refuses: ({ vcpu: { format } }) => format === undefined,
  witness: { refused: aSetNothing({ vcpu: { format: undefined } }), accepted: aSetNothing() },
})
