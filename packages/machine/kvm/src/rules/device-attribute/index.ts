import type { Pipeline } from '@vmm/rule'
import type { DeviceAttributeCase } from './case.ts'
import { attributeClosed } from './closed.rule.ts'
import { attributeNotRead } from './not-read.rule.ts'
import { attributeNotTied } from './not-tied.rule.ts'
import { attributeNotVfio } from './not-vfio.rule.ts'
import { attributeUnknown } from './unknown.rule.ts'
import { attributeUnreadable } from './unreadable.rule.ts'

/** KVM_SET_, KVM_GET_ and KVM_HAS_DEVICE_ATTR on a device in the kernel. There are no files of VFIO’s here. */
export const deviceAttributePipeline: Pipeline<DeviceAttributeCase> = {
  call: 'KVM_SET_DEVICE_ATTR',
  steps: [
    { kind: 'check', rule: attributeNotRead },
    { kind: 'check', rule: attributeUnknown },
    { kind: 'check', rule: attributeUnreadable },
    { kind: 'check', rule: attributeClosed },
    { kind: 'check', rule: attributeNotVfio },
    { kind: 'check', rule: attributeNotTied },
  ],
}
