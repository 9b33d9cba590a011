import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { MsrCall } from '../../kvm-call.ts'
import { guestWrites } from '../witness.ts'

const written = guestWrites(0x174, 0x1_0000_0005n)

export const sysenterCsKept = behaviour<MsrCall, MsrCall>({
  id: 'sysenter-cs-kept',
  catalogue: 'silently-ignored',
  says: 'IA32_SYSENTER_CS keeps 32 bits on Intel, and all 64 on AMD',
  sources: [
    kernelSource('arch/x86/kvm/vmx/vmx.c', 'vmx_set_msr', '6.12'),
    kernelSource('arch/x86/kvm/svm/svm.c', 'svm_set_msr', '6.12'),
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: (call) =>
        call.index === 0x174 && call.host.module === 'kvm_intel' ? { ...call, data: call.data & 0xffff_ffffn } : call,
      witness: { in: written, out: { ...written, data: 5n } },
    },
  ],
})
