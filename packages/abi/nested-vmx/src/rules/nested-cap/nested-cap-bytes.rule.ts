import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { NestedFormat } from '../../nested-state.ts'

export const nestedCapBytes = behaviour<NestedFormat | undefined, number>({
  id: 'nested-cap-bytes',
  catalogue: 'nested-cap',
  says: 'KVM_CAP_NESTED_STATE tells the most that there can be: a header with two VMCSs, or with a VMCB',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_check_extension', '6.12.117')],
  evidence: 'source',
  versions: [
    {
      lifetime: always,
      does: (format) => (format === undefined ? 0 : format === 'vmx' ? 128 + 0x2000 : 128 + 0x1000),
      witness: { in: 'svm', out: 4224 },
    },
  ],
})
