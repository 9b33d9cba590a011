import { since } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import { bitOf } from '../../kvm-call.ts'
import { guestReads, holding } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const tsxCtrlNotTold = registerRule({
  id: 'tsx-ctrl-not-told',
  catalogue: 'tsx-ctrl',
  says: 'a guest has IA32_TSX_CTRL if its IA32_ARCH_CAPABILITIES tells of it',
  lifetime: since('5.5'),
  errno: 'invalid',
  sources: [
    commit('c11f83e0626b', 'KVM: vmx: implement MSR_IA32_TSX_CTRL disable RTM functionality'),
    kernelSource('arch/x86/kvm/vmx/vmx.c', 'vmx_set_msr', '6.12'),
  ],
  evidence: 'recorded',
  refuses: ({ index, initiator, vcpu }) =>
    index === 0x122 && initiator === 'guest' && !bitOf(vcpu.values.get(0x10a) ?? 0n, 7),
  witness: { refused: guestReads(0x122), accepted: guestReads(0x122, 0n, { vcpu: holding([0x10a, 0x80n]) }) },
})
