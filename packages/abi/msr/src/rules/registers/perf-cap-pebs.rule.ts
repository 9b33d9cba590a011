import { since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { guestHas, isHostWrite } from '../../kvm-call.ts'
import { having, hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

/** PEBS_TRAP, PEBS_ARCH_REG, PEBS_FORMAT, PEBS_BASELINE. */
const pebs = 0x4fc0n
const pmu = { perfmon: { version: 2, generalCounters: 8, fixedCounters: 3 }, ...having('PDCM', 'DS', 'DTES64') }
const host = { featureMsrs: new Map([[0x345, 0x4c0n]]) }

export const perfCapPebs = registerRule({
  id: 'perf-cap-pebs',
  catalogue: 'perf-cap',
  says: "PEBS is told of as the host has it, to a guest of the host's model that has DS and DTES64",
  lifetime: since('6.0'),
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/vmx/vmx.c', 'vmx_set_msr', '6.12')],
  refuses: (call) => {
    if (!isHostWrite(call) || call.index !== 0x345 || call.host.module !== 'kvm_intel' || (call.data & 0xf00n) === 0n)
      return false
    const same = (call.data & pebs) === ((call.host.featureMsrs.get(0x345) ?? 0n) & pebs)
    return !same || !guestHas(call, 'DS') || !guestHas(call, 'DTES64') || !call.vcpu.isHostModel
  },
  witness: {
    refused: hostWrites(0x345, 0x3c0n, { vcpu: pmu, host }),
    accepted: hostWrites(0x345, 0x4c0n, { vcpu: pmu, host }),
  },
})
