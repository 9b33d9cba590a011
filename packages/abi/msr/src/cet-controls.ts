/** What of control-flow enforcement a processor has. */
export type HasEnforcement = (feature: 'CET_SS' | 'CET_IBT') => boolean

/** Bits of IA32_U_CET and IA32_S_CET: SH_STK_EN and WR_SHSTK_EN; those from ENDBR_EN on, but the reserved 9:6. */
const [shadowStacks, tracking] = [3n, 0xffff_ffff_ffff_fc3cn]
/** Tracking is suppressed; an ENDBRANCH must come. */
const [SUPPRESS, TRACKER] = [1n << 10n, 1n << 11n]
/** The legacy bitmap begins on four pages, to KVM: to the manual on one. */
const withinFourPages = 0x3000n

/** Bits of IA32_U_CET and IA32_S_CET that there are. Source: SDM 4, Table 2-2. */
export function cetBits(has: HasEnforcement): bigint {
  return (has('CET_SS') ? shadowStacks : 0n) | (has('CET_IBT') ? tracking : 0n)
}

/** Those that KVM takes from user space, and in a VMCS. Source: arch/x86/kvm/x86.h kvm_is_valid_u_s_cet (Linux 6.18). */
export function allowedCet(has: HasEnforcement): bigint {
  return cetBits(has) & ~withinFourPages
}

/** Whether tracking is suppressed while an ENDBRANCH must come: SUPPRESS may be 1 only while TRACKER is 0. Source: SDM 4, Table 2-2. */
export function isContraryCet(value: bigint): boolean {
  return (value & SUPPRESS) !== 0n && (value & TRACKER) !== 0n
}
