import { always } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

const isTimer = (index: number): boolean => index >= 0x4000_00b0 && index <= 0x4000_00b7
const isSynic = (index: number): boolean => (index >= 0x4000_0080 && index <= 0x4000_009f) || isTimer(index)
const isTimerRead = (index: number, access: string): boolean => access === 'read' && isTimer(index)

export const hyperVSynicOff = registerRule({
  id: 'hyper-v-synic-off',
  catalogue: 'hv-msrs',
  says: 'the synthetic interrupt controller and its timers must be on; while they are off, user space reads, and writes 0',
  lifetime: always,
  errno: 'invalid',
  sources: [
    kernelSource('arch/x86/kvm/hyperv.c', 'synic_set_msr', '6.12'),
    kernelSource('arch/x86/kvm/hyperv.c', 'stimer_set_config', '6.12'),
  ],
  evidence: 'recorded',
  refuses: ({ access, index, data, initiator, vcpu }) =>
    isSynic(index) &&
    vcpu.hyperV?.synicActive !== true &&
    !isTimerRead(index, access) &&
    (initiator === 'guest' || data !== 0n),
  witness: { refused: hostWrites(0x4000_0080, 1n), accepted: hostWrites(0x4000_0080, 0n) },
})
