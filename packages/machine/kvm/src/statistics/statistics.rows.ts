/** A statistic of a VM or a vCPU: its name, what kind of number it is, and how many there are. */
export interface Statistic {
  readonly name: string
  /** Which of the numbers it is, where they are in another order than what describes them. */
  readonly at?: number
  readonly kind: 'count' | 'now' | 'most' | 'truth' | 'nanoseconds' | 'times'
}

const row = (kind: Statistic['kind']) => (name: string): Statistic => ({ name, kind })
const [count, now, most] = [row('count'), row('now'), row('most')]

/**
 * Statistics of a VM, in the kernel's order; those of 6.1 and 6.12 are the same.
 * Source: include/linux/kvm_host.h KVM_GENERIC_VM_STATS, arch/x86/kvm/x86.c kvm_vm_stats_desc (Linux 6.12.117).
 */
export const vmStatistics: readonly Statistic[] = [
  ...['remote_tlb_flush', 'remote_tlb_flush_requests'].map(count),
  ...['mmu_shadow_zapped', 'mmu_pte_write', 'mmu_pde_zapped', 'mmu_flooded', 'mmu_recycled', 'mmu_cache_miss'].map(count),
  ...['mmu_unsync', 'pages_4k', 'pages_2m', 'pages_1g', 'nx_lpage_splits'].map(now),
  { ...most('max_mmu_rmap_size'), at: 14 },
  { ...most('max_mmu_page_hash_collisions'), at: 13 },
]

/**
 * Statistics of a vCPU, in the kernel's order; those of 6.1 and 6.12 are the same.
 * Source: include/linux/kvm_host.h KVM_GENERIC_VCPU_STATS, arch/x86/kvm/x86.c kvm_vcpu_stats_desc (Linux 6.12.117).
 */
export const vcpuStatistics: readonly Statistic[] = [
  ...['halt_successful_poll', 'halt_attempted_poll', 'halt_poll_invalid', 'halt_wakeup'].map(count),
  ...['halt_poll_success_ns', 'halt_poll_fail_ns', 'halt_wait_ns'].map(row('nanoseconds')),
  ...['halt_poll_success_hist', 'halt_poll_fail_hist', 'halt_wait_hist'].map(row('times')),
  row('truth')('blocking'),
  ...['pf_taken', 'pf_fixed', 'pf_emulate', 'pf_spurious', 'pf_fast', 'pf_mmio_spte_created', 'pf_guest'].map(count),
  ...['tlb_flush', 'invlpg', 'exits', 'io_exits', 'mmio_exits', 'signal_exits', 'irq_window_exits'].map(count),
  ...['nmi_window_exits', 'l1d_flush', 'halt_exits', 'request_irq_exits', 'irq_exits', 'host_state_reload'].map(count),
  ...['fpu_reload', 'insn_emulation', 'insn_emulation_fail', 'hypercalls', 'irq_injections'].map(count),
  ...['nmi_injections', 'req_event', 'nested_run', 'directed_yield_attempted'].map(count),
  ...['directed_yield_successful', 'preemption_reported', 'preemption_other'].map(count),
  row('truth')('guest_mode'),
  count('notify_window_exits'),
]

/**
 * Statistics of a VM, as they were at first.
 * Source: mail 20210618222709.1858088-1-jingzhangos@google.com, KVM statistics data fd-based binary interface.
 */
export const firstVmStatistics: readonly Statistic[] = [
  count('remote_tlb_flush'),
  ...['mmu_shadow_zapped', 'mmu_pte_write', 'mmu_pde_zapped', 'mmu_flooded', 'mmu_recycled', 'mmu_cache_miss'].map(count),
  ...['mmu_unsync', 'lpages', 'nx_lpage_splits', 'max_mmu_page_hash_collisions'].map(now),
]

/** Statistics of a vCPU, as they were at first. Source: the same. */
export const firstVcpuStatistics: readonly Statistic[] = [
  ...['halt_successful_poll', 'halt_attempted_poll', 'halt_poll_invalid', 'halt_wakeup'].map(count),
  ...['halt_poll_success_ns', 'halt_poll_fail_ns'].map(row('nanoseconds')),
  ...['pf_fixed', 'pf_guest', 'tlb_flush', 'invlpg', 'exits', 'io_exits', 'mmio_exits', 'signal_exits'].map(count),
  ...['irq_window_exits', 'nmi_window_exits', 'l1d_flush', 'halt_exits', 'request_irq_exits', 'irq_exits'].map(count),
  ...['host_state_reload', 'fpu_reload', 'insn_emulation', 'insn_emulation_fail', 'hypercalls'].map(count),
  ...['irq_injections', 'nmi_injections', 'req_event', 'nested_run', 'directed_yield_attempted'].map(count),
  count('directed_yield_successful'),
  now('guest_mode'),
]
