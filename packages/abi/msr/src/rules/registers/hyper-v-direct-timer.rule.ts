import { since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { bitOf, guestHas, isGuestWrite } from '../../kvm-call.ts'
import { guestWrites, having } from '../witness.ts'
import { registerRule } from './register-rule.ts'

const isConfig = (index: number): boolean => index >= 0x4000_00b0 && index <= 0x4000_00b6 && (index & 1) === 0
const hyperV = { enforced: true, synicActive: true }

export const hyperVDirectTimer = registerRule({
  id: 'hyper-v-direct-timer',
  catalogue: 'hv-msrs',
  says: 'where CPUID is enforced, timers that interrupt directly need their feature',
  lifetime: since('5.14'),
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/hyperv.c', 'stimer_set_config', '6.12')],
  refuses: (call) =>
    isGuestWrite(call) &&
    isConfig(call.index) &&
    bitOf(call.data, 12) &&
    call.vcpu.hyperV?.enforced === true &&
    !guestHas(call, 'HV_STIMER_DIRECT_MODE_AVAILABLE'),
  witness: {
    refused: guestWrites(0x4000_00b0, 1n << 12n, { vcpu: { hyperV, ...having('HV_MSR_SYNTIMER_AVAILABLE') } }),
    accepted: guestWrites(0x4000_00b0, 0n, { vcpu: { hyperV, ...having('HV_MSR_SYNTIMER_AVAILABLE') } }),
  },
})
