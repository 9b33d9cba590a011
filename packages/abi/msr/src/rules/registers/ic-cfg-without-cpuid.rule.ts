import { always } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { amdHost, having, hostReads } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const icCfgWithoutCpuid = registerRule({
  id: 'ic-cfg-without-cpuid',
  catalogue: 'amd-misc',
  says: 'a vCPU without CPUID is of no family, and has no IC_CFG',
  lifetime: always,
  errno: 'unsupported',
  sources: [kernelSource('arch/x86/kvm/svm/svm.c', 'svm_get_msr', '6.12')],
  evidence: 'recorded',
  refuses: ({ access, index, vcpu }) => access === 'read' && index === 0xc001_1021 && vcpu.features.size === 0,
  witness: {
    refused: hostReads(0xc001_1021, 0n, { host: amdHost }),
    accepted: hostReads(0xc001_1021, 0n, { host: amdHost, vcpu: having('SVM') }),
  },
})
