import { behaviour, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { GetCpuid2Call } from '../../get-cpuid2-call.ts'
import { deferUpdates } from '../set-cpuid/where-read.ts'
import { aGetCall } from './a-call.ts'

/** Before, the table was never behind. */
export const getCpuid2SeesRuntime = behaviour<GetCpuid2Call, GetCpuid2Call>({
  id: 'get-cpuid2-sees-runtime',
  catalogue: 'get-cpuid2-sees-runtime',
  says: 'a runtime update that is due is done before the table is told',
  sources: [deferUpdates, kernelSource('arch/x86/kvm/cpuid.c', 'kvm_vcpu_ioctl_get_cpuid2', '6.16.1')],
  evidence: 'source',
  versions: [
    {
      lifetime: since('6.15'),
      does: (call) => (call.pending ? { ...call, pending: false } : call),
      witness: { in: aGetCall({ pending: true }), out: aGetCall() },
    },
  ],
})
