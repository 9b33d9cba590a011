import { since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { isHostWrite } from '../../kvm-call.ts'
import { having, hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

const pmu = { perfmon: { version: 2, generalCounters: 8, fixedCounters: 3 }, ...having('PDCM', 'DS', 'DTES64') }
const host = { featureMsrs: new Map([[0x345, 0xfc5n]]) }

export const perfCapBranchFormat = registerRule({
  id: 'perf-cap-branch-format',
  catalogue: 'perf-cap',
  says: "the format of branch records is 0 or the host's, and the host's only where the guest is of the host's model",
  lifetime: since('5.12'),
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/vmx/vmx.c', 'vmx_set_msr', '6.12')],
  refuses: (call) => {
    const format = call.data & 0x3fn
    const kvms = (call.host.featureMsrs.get(0x345) ?? 0n) & 0x3fn
    return (
      isHostWrite(call) &&
      call.index === 0x345 &&
      call.host.module === 'kvm_intel' &&
      format !== 0n &&
      (format !== kvms || !call.vcpu.isHostModel)
    )
  },
  witness: {
    refused: hostWrites(0x345, 5n, { vcpu: { ...pmu, isHostModel: false }, host }),
    accepted: hostWrites(0x345, 5n, { vcpu: pmu, host }),
  },
})
