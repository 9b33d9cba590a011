import { since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { isGuestWrite } from '../../kvm-call.ts'
import { amdHost, guestWrites, hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const hsavePage = registerRule({
  id: 'hsave-page',
  catalogue: 'amd-misc',
  says: 'a guest gives VM_HSAVE_PA a page that its addresses reach; user space gives anything',
  lifetime: since({ absentIn: '5.4', presentIn: '6.1' }),
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/svm/svm.c', 'svm_set_msr', '6.12')],
  evidence: 'recorded',
  refuses: (call) =>
    isGuestWrite(call) &&
    call.index === 0xc001_0117 &&
    call.host.module === 'kvm_amd' &&
    ((call.data & 0xfffn) !== 0n || call.data >> BigInt(call.vcpu.physicalAddressWidth) !== 0n),
  witness: {
    refused: guestWrites(0xc001_0117, 0x800n, { host: amdHost }),
    accepted: hostWrites(0xc001_0117, 0x800n, { host: amdHost }),
  },
})
