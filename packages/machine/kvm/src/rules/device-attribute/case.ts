import type { Rule } from '@vmm/rule'

/** A call on an attribute of VFIO's device in the kernel. */
export interface DeviceAttributeCase {
  readonly access: 'get' | 'set' | 'has'
  readonly group: number
  readonly attribute: bigint
  /** What the number stands for that KVM_SET_DEVICE_ATTR leads to; or it cannot be read. */
  readonly file: 'other' | 'closed' | 'unreadable'
}

/** A refusal of such a call. */
export type DeviceAttributeRule = Rule<DeviceAttributeCase>

/** KVM_DEV_VFIO_FILE_ADD and _DEL. */
export const fileAttribute = { add: 1n, remove: 2n } as const
const fileGroup = 1

/** Whether the device has such an attribute. */
export const isKnown = ({ group, attribute }: DeviceAttributeCase): boolean =>
  group === fileGroup && (attribute === fileAttribute.add || attribute === fileAttribute.remove)

/** A file of VFIO's is to be tied to the VM. */
export const addsFile: DeviceAttributeCase = {
  access: 'set',
  group: fileGroup,
  attribute: fileAttribute.add,
  file: 'other',
}
/** Whether one could be. */
export const mayAddFile: DeviceAttributeCase = { ...addsFile, access: 'has' }
