import type { Pipeline } from '@vmm/rule'
import type { CreateDeviceCase } from './case.ts'
import { secondVfio } from './second-vfio.rule.ts'
import { deviceType } from './type.rule.ts'

/** KVM_CREATE_DEVICE. */
export const createDevicePipeline: Pipeline<CreateDeviceCase> = {
  call: 'KVM_CREATE_DEVICE',
  steps: [
    { kind: 'check', rule: deviceType },
    { kind: 'check', rule: secondVfio },
  ],
}
