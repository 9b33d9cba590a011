import { between } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { isHostWrite } from '../../kvm-call.ts'
import { having, hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const perfCapNeedsPmu = registerRule({
  id: 'perf-cap-needs-pmu',
  catalogue: 'perf-cap',
  says: 'IA32_PERF_CAPABILITIES takes only 0 where the vCPU has no PMU',
  lifetime: between({ absentIn: '5.10', presentIn: '6.1' }, '6.13'),
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/vmx/vmx.c', 'vmx_set_msr', '6.12')],
  refuses: (call) =>
    isHostWrite(call) &&
    call.index === 0x345 &&
    call.host.module === 'kvm_intel' &&
    call.data !== 0n &&
    (call.vcpu.perfmon?.version ?? 0) === 0,
  witness: { refused: hostWrites(0x345, 0x2000n, { vcpu: having('PDCM') }), accepted: hostWrites(0x345, 0n) },
})
