import { until } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import { bitOf, isHostWrite } from '../../kvm-call.ts'
import { holding, hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const platformInfoFaultInUse = registerRule({
  id: 'platform-info-fault-in-use',
  catalogue: 'platform-info',
  says: 'MSR_PLATFORM_INFO cannot lose CPUID faulting while the guest has it switched on',
  lifetime: until('6.13'),
  errno: 'invalid',
  sources: [
    commit('1ded7a57b805', 'KVM: x86: Remove ordering check b/w MSR_PLATFORM_INFO and MISC_FEATURES_ENABLES'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_set_msr_common', '6.1'),
  ],
  refuses: (call) =>
    isHostWrite(call) && call.index === 0xce && !bitOf(call.data, 31) && bitOf(call.vcpu.values.get(0x140) ?? 0n, 0),
  witness: { refused: hostWrites(0xce, 0n, { vcpu: holding([0x140, 1n]) }), accepted: hostWrites(0xce, 0n) },
})
