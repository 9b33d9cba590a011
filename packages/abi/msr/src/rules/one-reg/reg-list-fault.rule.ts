import { rule, since } from '@vmm/rule'
import { kernelSource, probe } from '@vmm/source'
import { type RegListCall, roomForOne } from './reg-list.ts'

export const regListFault = rule<RegListCall>({
  id: 'reg-list-fault',
  catalogue: 'msr-one-reg',
  says: 'the count of struct kvm_reg_list must be readable and writable, before the room is looked at',
  lifetime: since('6.18'),
  errno: 'EFAULT',
  sources: [
    kernelSource('arch/x86/kvm/msrs.c', 'kvm_get_reg_list', '7.0'),
    probe('dispatch', 'Linux 6.18.44, kvm_pvm'),
  ],
  evidence: 'recorded',
  refuses: ({ faults }) => faults.has('read count') || faults.has('write count'),
  witness: { refused: { ...roomForOne, room: 0n, faults: new Set(['write count']) }, accepted: roomForOne },
})
