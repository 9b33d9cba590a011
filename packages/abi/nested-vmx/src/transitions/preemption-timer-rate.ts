/**
 * The VMX-preemption timer counts by this bit of the time-stamp counter.
 * Source: SDM 3D A.6, bits 4:0 of IA32_VMX_MISC; arch/x86/kvm/vmx/nested.h VMX_MISC_EMULATED_PREEMPTION_TIMER_RATE.
 */
export const preemptionTimerRate: bigint = 5n
