import { since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const xfdSubset = registerRule({
  id: 'xfd-subset',
  catalogue: 'xfd',
  says: 'IA32_XFD and IA32_XFD_ERR take the dynamic features that the guest may have',
  lifetime: since('5.17'),
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_set_msr_common', '6.12')],
  evidence: 'recorded',
  refuses: ({ access, index, data, vcpu }) =>
    access === 'write' && (index === 0x1c4 || index === 0x1c5) && (data & ~vcpu.dynamicFeatures) !== 0n,
  witness: {
    refused: hostWrites(0x1c4, 1n << 18n),
    accepted: hostWrites(0x1c4, 1n << 18n, { vcpu: { dynamicFeatures: 1n << 18n } }),
  },
})
