import { behaviour, since, until } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { MsrFailure } from './exit.ts'

/** A guest's access that failed, and that user space does not want to hear of. */
export interface UnheardFailure {
  readonly access: 'read' | 'write'
  readonly failure: MsrFailure
}

/** Whether KVM_RUN ends with the error, instead of a fault in the guest. */
export const setterErrorEndsRun = behaviour<UnheardFailure, boolean>({
  id: 'setter-error-ends-run',
  catalogue: 'msr-negative-write-error',
  says: 'where a write failed with an error number, KVM_RUN fails with it; a read is a fault like any other',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_emulate_wrmsr', '6.12')],
  evidence: 'source',
  versions: [
    {
      lifetime: until({ absentIn: '5.4', presentIn: '5.16' }, { '5.15': { until: '5.15.202' } }),
      says: 'it is always a fault',
      sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_emulate_wrmsr', '5.4.225')],
      does: () => false,
      witness: { in: { access: 'write', failure: 'EINVAL' }, out: false },
    },
    {
      lifetime: since({ absentIn: '5.4', presentIn: '5.16' }, { '5.15': '5.15.202' }),
      does: ({ access, failure }) => access === 'write' && (failure === 'EINVAL' || failure === 'EBUSY'),
      witness: { in: { access: 'write', failure: 'EINVAL' }, out: true },
    },
  ],
})
