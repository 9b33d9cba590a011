import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { MsrError } from '../../kvm-call.ts'

/** One entry of KVM_GET_MSRS on /dev/kvm. */
export interface SystemRead {
  readonly index: number
  /** What KVM tells of each feature MSR on this host. */
  readonly told: ReadonlyMap<number, bigint>
}

export const systemRead = rule<SystemRead, MsrError>({
  id: 'system-read',
  catalogue: 'msr-get-system',
  says: 'on /dev/kvm, KVM_GET_MSRS reads feature MSRs and nothing else',
  lifetime: since('4.17'),
  errno: 'unsupported',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_get_feature_msr', '6.12')],
  evidence: 'source',
  refuses: ({ index, told }) => !told.has(index),
  witness: {
    refused: { index: 0x10, told: new Map([[0x8b, 1n]]) },
    accepted: { index: 0x8b, told: new Map([[0x8b, 1n]]) },
  },
})
