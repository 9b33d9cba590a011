import { until } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { isGuestWrite } from '../../kvm-call.ts'
import { amdHost, guestWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

const host = { ...amdHost, featureMsrs: new Map([[0xc001_1029, 2n]]) }

export const deCfgGuestDiffersFromHost = registerRule({
  id: 'de-cfg-guest-differs-from-host',
  catalogue: 'amd-misc',
  says: 'a guest writes DE_CFG as the host has it, and nothing else',
  lifetime: until('6.12'),
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/svm/svm.c', 'svm_set_msr', '6.1')],
  evidence: 'recorded',
  refuses: (call) =>
    isGuestWrite(call) && call.index === 0xc001_1029 && call.data !== (call.host.featureMsrs.get(0xc001_1029) ?? 0n),
  witness: { refused: guestWrites(0xc001_1029, 0n, { host }), accepted: guestWrites(0xc001_1029, 2n, { host }) },
})
