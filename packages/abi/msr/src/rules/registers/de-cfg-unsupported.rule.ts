import { always } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { isWriteOf } from '../../kvm-call.ts'
import { amdHost, hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const deCfgUnsupported = registerRule({
  id: 'de-cfg-unsupported',
  catalogue: 'amd-misc',
  says: 'DE_CFG takes what KVM tells of it',
  lifetime: always,
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/svm/svm.c', 'svm_set_msr', '6.12')],
  evidence: 'recorded',
  refuses: (call) =>
    isWriteOf(call, 0xc001_1029) && (call.data & ~(call.host.featureMsrs.get(0xc001_1029) ?? 0n)) !== 0n,
  witness: {
    refused: hostWrites(0xc001_1029, 1n, { host: amdHost }),
    accepted: hostWrites(0xc001_1029, 2n, { host: { ...amdHost, featureMsrs: new Map([[0xc001_1029, 2n]]) } }),
  },
})
