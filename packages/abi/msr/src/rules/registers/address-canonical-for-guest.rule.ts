import { until } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { isCanonical } from '../../canonical.ts'
import { hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

const holdsAddress = new Set([0xc000_0082, 0xc000_0083, 0xc000_0100, 0xc000_0101, 0xc000_0102])

export const addressCanonicalForGuest = registerRule({
  id: 'address-canonical-for-guest',
  catalogue: 'canonical-msrs',
  says: 'FS_BASE, GS_BASE, KERNEL_GS_BASE, LSTAR and CSTAR hold addresses that are canonical while CR4.LA57 is as it is',
  lifetime: until('6.13', { '6.12': { until: '6.12.41' } }),
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/x86.c', '__kvm_set_msr', '6.1')],
  evidence: 'recorded',
  refuses: ({ access, index, data, vcpu }) =>
    access === 'write' && holdsAddress.has(index) && !isCanonical(data, vcpu.linearAddressWidth),
  witness: {
    refused: hostWrites(0xc000_0082, 1n << 50n, { host: { linearAddressWidth: 57 } }),
    accepted: hostWrites(0xc000_0082, 1n << 50n, { vcpu: { linearAddressWidth: 57 } }),
  },
})
