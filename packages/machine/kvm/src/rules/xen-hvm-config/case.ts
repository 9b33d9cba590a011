import type { Rule } from '@vmm/rule'

/** KVM_XEN_HVM_CONFIG. */
export interface XenConfigCase {
  readonly flags: number
  /** Pages of hypercalls are given. */
  readonly hasPages: boolean
  /** CONFIG_KVM_XEN. */
  readonly built: boolean
}

/** KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL, EVTCHN_SEND and PVCLOCK_TSC_UNSTABLE. */
export const xenFlags = { interceptHcall: 2, evtchnSend: 32, tscUnstable: 128 } as const

/** A refusal of that call. */
export type XenConfigRule = Rule<XenConfigCase>

/** Hypercalls that come to user space. */
export const intercepts: XenConfigCase = { flags: xenFlags.interceptHcall, hasPages: false, built: true }
