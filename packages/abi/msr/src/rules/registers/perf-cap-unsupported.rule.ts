import { since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { isHostWrite } from '../../kvm-call.ts'
import { having, hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

const pmu = { perfmon: { version: 2, generalCounters: 8, fixedCounters: 3 }, ...having('PDCM', 'DS', 'DTES64') }

export const perfCapUnsupported = registerRule({
  id: 'perf-cap-unsupported',
  catalogue: 'perf-cap',
  says: 'IA32_PERF_CAPABILITIES may not tell of what KVM does not support',
  lifetime: since('5.8'),
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_set_msr_common', '6.12')],
  evidence: 'recorded',
  refuses: (call) =>
    isHostWrite(call) && call.index === 0x345 && (call.data & ~(call.host.featureMsrs.get(0x345) ?? 0n)) !== 0n,
  witness: {
    refused: hostWrites(0x345, 0x2000n, { vcpu: pmu }),
    accepted: hostWrites(0x345, 0x2000n, { vcpu: pmu, host: { featureMsrs: new Map([[0x345, 0x2000n]]) } }),
  },
})
