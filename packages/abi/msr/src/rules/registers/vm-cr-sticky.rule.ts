import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { bitOf, type MsrCall, valueIn } from '../../kvm-call.ts'
import { amdHost, guestWrites, holding } from '../witness.ts'

const lockAndDisable = 0x18n
const written = guestWrites(0xc001_0114, 1n, { host: amdHost, vcpu: holding([0xc001_0114, 0x10n]) })

export const vmCrSticky = behaviour<MsrCall, MsrCall>({
  id: 'vm-cr-sticky',
  catalogue: 'amd-misc',
  says: 'once VM_CR.SVMDIS is set, it and LOCK stay as they are, also when user space writes',
  sources: [kernelSource('arch/x86/kvm/svm/svm.c', 'svm_set_vm_cr', '6.12')],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: (call) => {
        const held = valueIn(call)
        if (call.index !== 0xc001_0114 || !bitOf(held, 4)) return call
        return { ...call, data: (call.data & ~lockAndDisable) | (held & lockAndDisable) }
      },
      witness: { in: written, out: { ...written, data: 0x11n } },
    },
  ],
})
