import { since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { bitOf, guestHas, isWriteOf } from '../../kvm-call.ts'
import { having, hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

const around = { vcpu: having('KVM_FEATURE_ASYNC_PF'), vm: { enforcePvCpuid: true } }

export const asyncPfByInterrupt = registerRule({
  id: 'async-pf-by-interrupt',
  catalogue: 'pvmsr-async-pf-en',
  says: 'page-ready events as interrupts need their feature',
  lifetime: since({ absentIn: '5.4', presentIn: '6.1' }),
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_pv_enable_async_pf', '6.12')],
  refuses: (call) => isWriteOf(call, 0x4b56_4d02) && bitOf(call.data, 3) && !guestHas(call, 'KVM_FEATURE_ASYNC_PF_INT'),
  witness: { refused: hostWrites(0x4b56_4d02, 8n, around), accepted: hostWrites(0x4b56_4d02, 0n, around) },
})
