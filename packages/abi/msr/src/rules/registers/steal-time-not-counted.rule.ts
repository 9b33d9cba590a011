import { always } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { isWriteOf } from '../../kvm-call.ts'
import { hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const stealTimeNotCounted = registerRule({
  id: 'steal-time-not-counted',
  catalogue: 'pvmsr-steal-time',
  says: 'steal time needs a kernel that counts it',
  lifetime: always,
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_set_msr_common', '6.12')],
  refuses: (call) => isWriteOf(call, 0x4b56_4d03) && !call.host.stealTime,
  witness: {
    refused: hostWrites(0x4b56_4d03, 1n, { host: { stealTime: false } }),
    accepted: hostWrites(0x4b56_4d03, 1n),
  },
})
