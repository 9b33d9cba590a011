import { always, behaviour } from '@vmm/rule'
import { kernelSource, probe } from '@vmm/source'
import { type FailedAccess, listedCounter } from './unsupported.ts'

/** Whether the access succeeds all the same: reads give 0, writes are dropped. */
export const ignoreMsrs = behaviour<FailedAccess, boolean>({
  id: 'ignore-msrs',
  catalogue: 'msr-ignore-msrs',
  says: 'with ignore_msrs, whoever accesses an MSR that is not there reads 0, and writes in vain',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_do_msr_access', '6.12'),
    probe('msr', 'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU and kvm_intel under Bochs'),
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: ({ error, ignoreMsrs: ignores }) => ignores && error === 'unsupported',
      witness: { in: { ...listedCounter, ignoreMsrs: true }, out: true },
    },
  ],
})
