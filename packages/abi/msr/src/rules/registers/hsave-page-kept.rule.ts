import { behaviour, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { MsrCall } from '../../kvm-call.ts'
import { amdHost, hostWrites } from '../witness.ts'

const written = hostWrites(0xc001_0117, 0x1801n, { host: amdHost })

export const hsavePageKept = behaviour<MsrCall, MsrCall>({
  id: 'hsave-page-kept',
  catalogue: 'amd-misc',
  says: 'VM_HSAVE_PA keeps the page of what user space writes',
  sources: [kernelSource('arch/x86/kvm/svm/svm.c', 'svm_set_msr', '6.12')],
  evidence: 'recorded',
  versions: [
    {
      lifetime: since({ absentIn: '5.4', presentIn: '6.1' }),
      does: (call) =>
        call.index === 0xc001_0117 && call.host.module === 'kvm_amd' ? { ...call, data: call.data & ~0xfffn } : call,
      witness: { in: written, out: { ...written, data: 0x1000n } },
    },
  ],
})
