import { since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { apicInKernel, isWriteOf } from '../../kvm-call.ts'
import { hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const asyncPfIntWithoutApic = registerRule({
  id: 'async-pf-int-without-apic',
  catalogue: 'pvmsr-async-pf-int',
  says: 'MSR_KVM_ASYNC_PF_INT needs a local APIC in the kernel',
  lifetime: since('5.8'),
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_pv_enable_async_pf_int', '6.12')],
  evidence: 'recorded',
  refuses: (call) => isWriteOf(call, 0x4b56_4d06) && !apicInKernel(call),
  witness: {
    refused: hostWrites(0x4b56_4d06, 0n, { vcpu: { localApic: 'user space' } }),
    accepted: hostWrites(0x4b56_4d06, 0n),
  },
})
