import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { type FailedAccess, listedCounter } from './unsupported.ts'

/** Whether the host's log tells of it. */
export const ignoredIsReported = behaviour<FailedAccess, boolean>({
  id: 'ignored-is-reported',
  catalogue: 'msr-ignore-msrs',
  says: 'an access that ignore_msrs lets through is logged, unless report_ignored_msrs is off',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_do_msr_access', '6.12')],
  evidence: 'source',
  versions: [
    {
      lifetime: always,
      does: ({ error, ignoreMsrs, reportIgnored }) => ignoreMsrs && error === 'unsupported' && reportIgnored,
      witness: { in: { ...listedCounter, ignoreMsrs: true, reportIgnored: false }, out: false },
    },
  ],
})
