import { since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { apicInKernel, isWriteOf } from '../../kvm-call.ts'
import { hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

const around = { vcpu: { localApic: 'user space' } } as const

export const asyncPfWithoutApic = registerRule({
  id: 'async-pf-without-apic',
  catalogue: 'pvmsr-async-pf-en',
  says: 'without a local APIC in the kernel, MSR_KVM_ASYNC_PF_EN takes only 0',
  lifetime: since('5.9', { '5.8': '5.8.10' }),
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_pv_enable_async_pf', '6.12')],
  evidence: 'recorded',
  refuses: (call) => isWriteOf(call, 0x4b56_4d02) && !apicInKernel(call) && call.data !== 0n,
  witness: { refused: hostWrites(0x4b56_4d02, 1n, around), accepted: hostWrites(0x4b56_4d02, 0n, around) },
})
