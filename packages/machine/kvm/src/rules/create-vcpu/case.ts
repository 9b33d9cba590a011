import type { Rule } from '@vmm/rule'

/** KVM_CREATE_VCPU on a VM. */
export interface CreateVcpuCase {
  /** The argument, as many bits as there are. */
  readonly id: bigint
  /** The ids of the vCPUs there are. */
  readonly taken: readonly number[]
  /** KVM_CAP_MAX_VCPUS and KVM_CAP_MAX_VCPU_ID of the kernel. */
  readonly maxVcpus: number
  readonly maxIds: number
  /** What KVM_ENABLE_CAP(KVM_CAP_MAX_VCPU_ID) said; else `maxIds`. */
  readonly idsOfVm: number
}

/** A refusal of that call. */
export type CreateVcpuRule = Rule<CreateVcpuCase>

/** The first vCPU of a VM. */
export const firstVcpu: CreateVcpuCase = { id: 0n, taken: [], maxVcpus: 1024, maxIds: 4096, idsOfVm: 4096 }
