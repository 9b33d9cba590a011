import { since } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import { isCanonical } from '../../canonical.ts'
import { guestWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

const holdsAddress = new Set([0xc000_0082, 0xc000_0083, 0xc000_0100, 0xc000_0101, 0xc000_0102])

export const addressCanonicalForHost = registerRule({
  id: 'address-canonical-for-host',
  catalogue: 'canonical-msrs',
  says: 'FS_BASE, GS_BASE, KERNEL_GS_BASE, LSTAR and CSTAR hold addresses that are canonical for the widest the hardware has',
  lifetime: since('6.13', { '6.12': '6.12.41' }),
  errno: 'invalid',
  sources: [
    commit('9245fd6b8531', 'KVM: x86: model canonical checks more precisely'),
    kernelSource('arch/x86/kvm/x86.c', '__kvm_set_msr', '6.12'),
  ],
  evidence: 'recorded',
  refuses: ({ access, index, data, host }) =>
    access === 'write' && holdsAddress.has(index) && !isCanonical(data, host.linearAddressWidth),
  witness: {
    refused: guestWrites(0xc000_0082, 1n << 50n),
    accepted: guestWrites(0xc000_0082, 1n << 50n, { host: { linearAddressWidth: 57 } }),
  },
})
