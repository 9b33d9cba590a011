import { rule, since } from '@vmm/rule'
import { commit } from '@vmm/source'

/** KVM_ENABLE_CAP with KVM_CAP_X86_USER_SPACE_MSR. */
export interface EnableUserSpaceMsr {
  /** `args[0]`: it takes the place of what was given before. */
  readonly mask: bigint
}

export const userSpaceMsrMask = rule<EnableUserSpaceMsr>({
  id: 'user-space-msr-mask',
  catalogue: 'user-msr-enable',
  says: 'the reasons to exit for are that the access is invalid, unknown or filtered',
  lifetime: since('5.19', { '5.10': '5.10.154', '5.15': '5.15.78' }),
  errno: 'EINVAL',
  sources: [commit('cf5029d5dd7c', 'KVM: x86: Protect the unused bits in MSR exiting flags')],
  evidence: 'recorded',
  refuses: ({ mask }) => (mask & ~7n) !== 0n,
  witness: { refused: { mask: 8n }, accepted: { mask: 7n } },
})
