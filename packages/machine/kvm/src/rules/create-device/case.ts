import type { Rule } from '@vmm/rule'

/** KVM_CREATE_DEVICE. */
export interface CreateDeviceCase {
  /** KVM_DEV_TYPE_*. */
  readonly type: number
  /** KVM_CREATE_DEVICE_TEST: whether it is only asked if it could be. */
  readonly test: boolean
  /** Whether the VM has one of VFIO's. */
  readonly vfio: 'present' | 'absent'
}

/** A refusal of that call. */
export type CreateDeviceRule = Rule<CreateDeviceCase>

/** KVM_DEV_TYPE_VFIO: the one that x86 has. */
export const vfioType = 4

/** VFIO's device, in a VM that has none. */
export const firstVfio: CreateDeviceCase = { type: vfioType, test: false, vfio: 'absent' }
