import { always } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { bitOf, isWriteOf } from '../../kvm-call.ts'
import { hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

const around = { vm: { isMapped: () => false } }

export const hyperVAssistPage = registerRule({
  id: 'hyper-v-assist-page',
  catalogue: 'hv-msrs',
  says: 'the VP assist page is where guest memory is',
  lifetime: always,
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/hyperv.c', 'kvm_hv_set_msr', '6.12')],
  evidence: 'recorded',
  refuses: (call) =>
    isWriteOf(call, 0x4000_0073) && bitOf(call.data, 0) && !call.vm.isMapped(call.data & ~0xfffn, 4096),
  witness: { refused: hostWrites(0x4000_0073, 0x1001n, around), accepted: hostWrites(0x4000_0073, 0x1000n, around) },
})
