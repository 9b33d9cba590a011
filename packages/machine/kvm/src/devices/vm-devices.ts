import { type Profile, resolve, run } from '@vmm/rule'
import { type Answer, done } from '../answer.ts'
import { createDevicePipeline } from '../rules/create-device/index.ts'
import type { DeviceAttributeCase } from '../rules/device-attribute/case.ts'
import { deviceAttributePipeline } from '../rules/device-attribute/index.ts'

/** KVM_CREATE_DEVICE_TEST. */
const testFlag = 1

/** The devices of a VM that KVM_CREATE_DEVICE makes: of those that x86 has, VFIO's, to which no file can be tied here. */
export class VmDevices {
  readonly #calls
  #vfio: 'present' | 'absent' = 'absent'

  constructor(kernel: Profile) {
    this.#calls = { create: resolve(createDevicePipeline, kernel), attribute: resolve(deviceAttributePipeline, kernel) }
  }

  /** KVM_CREATE_DEVICE: whether there is a device now that was made, or it was only asked. */
  create(type: number, flags: number): Answer<'made' | 'asked'> {
    const test = (flags & testFlag) !== 0
    const outcome = run(this.#calls.create, { type, test, vfio: this.#vfio })
    if (outcome.kind === 'refused') return outcome.refusal
    if (!test) this.#vfio = 'present'
    return done(test ? 'asked' : 'made', outcome.unread)
  }

  /** KVM_SET_, KVM_GET_ and KVM_HAS_DEVICE_ATTR. */
  attribute(call: DeviceAttributeCase): Answer<number> {
    const outcome = run(this.#calls.attribute, call)
    return outcome.kind === 'refused' ? outcome.refusal : done(0, outcome.unread)
  }

  /** The last descriptor of VFIO's device was closed. */
  release(): void {
    this.#vfio = 'absent'
  }
}
