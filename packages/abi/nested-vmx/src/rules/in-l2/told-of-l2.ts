import type { ReleasedLifetime } from '@vmm/rule'

/** A field of L2's control area that the processor writes while L2 runs. */
export interface WrittenInL2 {
  /** What VMRUN, or KVM_SET_NESTED_STATE, began with. */
  readonly began: bigint
  /** What the processor has made of it. */
  readonly now: bigint
}

/** In mainline since 7.1; the stable kernels took both repairs with the checks of the same series. */
export const followedSince = { absentIn: '6.19', presentIn: '7.1' } as const
const unread = { '6.6': 'unread', '6.18': 'unread', '6.19': 'unread' } as const
export const followedIn: ReleasedLifetime['stable'] = { '6.1': '6.1.175', '6.12': '6.12.86', ...unread }
export const notFollowedIn: ReleasedLifetime['stable'] = {
  ...{ '6.1': { until: '6.1.175' }, '6.12': { until: '6.12.86' } },
  ...unread,
}
