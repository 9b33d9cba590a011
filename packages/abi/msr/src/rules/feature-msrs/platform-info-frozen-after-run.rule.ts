import { rule, since } from '@vmm/rule'
import { commit } from '@vmm/source'
import { differs, type FeatureMsrWrite, otherValueAfterRun, platformInfo, sameValueAfterRun } from './write.ts'

export const platformInfoFrozenAfterRun = rule<FeatureMsrWrite>({
  id: 'platform-info-frozen-after-run',
  catalogue: 'feature-msr-immutable',
  says: 'MSR_PLATFORM_INFO is a feature MSR, and cannot change once the vCPU has run',
  lifetime: since('6.13'),
  errno: 'EINVAL',
  sources: [commit('bc2ca3680b30', 'KVM: x86: Disallow changing MSR_PLATFORM_INFO after vCPU has run')],
  evidence: 'source',
  refuses: (write) => write.hasRun && write.index === platformInfo && differs(write),
  witness: {
    refused: { ...otherValueAfterRun, index: platformInfo },
    accepted: { ...sameValueAfterRun, index: platformInfo },
  },
})
