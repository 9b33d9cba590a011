import type { Rule } from '@vmm/rule'

/** KVM_SET_BOOT_CPU_ID. */
export interface BootCpuIdCase {
  readonly id: bigint
  readonly vcpus: number
  /** KVM_CAP_MAX_VCPU_ID of the kernel, and what the VM was told by KVM_ENABLE_CAP; else the same. */
  readonly maxIds: number
  readonly idsOfVm: number
}

/** A refusal of that call. */
export type BootCpuIdRule = Rule<BootCpuIdCase>

/** The second vCPU of a VM that has none yet. */
export const secondBoots: BootCpuIdCase = { id: 1n, vcpus: 0, maxIds: 4096, idsOfVm: 4096 }
