import { between } from '@vmm/rule'
import { commit } from '@vmm/source'
import { isGuestWrite, valueIn } from '../../kvm-call.ts'
import { amdHost, guestWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

const host = { ...amdHost, featureMsrs: new Map([[0xc001_1029, 2n]]) }

export const deCfgGuestChangesIt = registerRule({
  id: 'de-cfg-guest-changes-it',
  catalogue: 'amd-misc',
  says: 'a guest writes DE_CFG as it is, and nothing else',
  lifetime: between('6.12', '6.13', { '6.12': { until: '6.12.7' } }),
  errno: 'invalid',
  sources: [
    commit('74a0e79df68a', "KVM: SVM: Disallow guest from changing userspace's MSR_AMD64_DE_CFG value"),
    commit('4d5163cba43f', 'KVM: SVM: Allow guest writes to set MSR_AMD64_DE_CFG bits'),
  ],
  refuses: (call) => isGuestWrite(call) && call.index === 0xc001_1029 && call.data !== valueIn(call),
  witness: { refused: guestWrites(0xc001_1029, 2n, { host }), accepted: guestWrites(0xc001_1029, 0n, { host }) },
})
