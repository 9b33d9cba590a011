import { always } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { isGuestWrite } from '../../kvm-call.ts'
import { guestWrites, hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

const around = { vcpu: { perfmon: { version: 2, generalCounters: 8, fixedCounters: 3 } } }

export const globalStatusGuestWrite = registerRule({
  id: 'global-status-guest-write',
  catalogue: 'kvm-pmu',
  says: 'a guest cannot write IA32_PERF_GLOBAL_STATUS',
  lifetime: always,
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/pmu.c', 'kvm_pmu_set_msr', '6.12')],
  refuses: (call) => isGuestWrite(call) && call.index === 0x38e,
  witness: { refused: guestWrites(0x38e, 0n, around), accepted: hostWrites(0x38e, 0n, around) },
})
