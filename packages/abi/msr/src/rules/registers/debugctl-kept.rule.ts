import { behaviour, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { MsrCall } from '../../kvm-call.ts'
import { hostWrites } from '../witness.ts'
import { supportedDebugctl } from './debugctl-supported.ts'

const written = hostWrites(0x1d9, 7n)

export const debugctlKept = behaviour<MsrCall, MsrCall>({
  id: 'debugctl-kept',
  catalogue: 'silently-ignored',
  says: 'on Intel, LBR and BTF are taken and forgotten where KVM does not support them',
  sources: [kernelSource('arch/x86/kvm/vmx/vmx.c', 'vmx_set_msr', '6.12')],
  evidence: 'recorded',
  versions: [
    {
      lifetime: since({ absentIn: '5.4', presentIn: '6.1' }),
      does: (call) =>
        call.index === 0x1d9 && call.host.module === 'kvm_intel'
          ? { ...call, data: call.data & supportedDebugctl(call) }
          : call,
      witness: { in: written, out: { ...written, data: 4n } },
    },
  ],
})
