import { rule, since } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import type { MsrError } from '../../kvm-call.ts'
import { eightB, type SystemRead } from './system-read.ts'

export const systemReadUnlisted = rule<SystemRead, MsrError>({
  id: 'system-read-unlisted',
  catalogue: 'msr-get-system',
  says: 'on /dev/kvm, KVM_GET_MSRS reads feature MSRs, and 0 of whatever KVM_GET_MSR_INDEX_LIST lists',
  lifetime: since('6.12'),
  errno: 'unsupported',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_do_msr_access', '6.12'),
    commit('1cec2034980a', 'KVM: x86: Funnel all fancy MSR return value handling into a common helper'),
  ],
  evidence: 'recorded',
  refuses: ({ index, told, listed, ignoreMsrs }) => !told.has(index) && listed !== true && ignoreMsrs !== true,
  witness: { refused: { ...eightB, index: 0x999 }, accepted: { ...eightB, index: 0x10, listed: true } },
})
