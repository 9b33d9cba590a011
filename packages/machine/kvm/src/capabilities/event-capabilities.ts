import { done } from '../answer.ts'
import type { VmCapabilities } from './enable-cap.ts'

/** What KVM_GET_ and KVM_SET_VCPU_EVENTS can say. */
export const eventCapabilities: VmCapabilities = {
  KVM_CAP_EXCEPTION_PAYLOAD: (vm, [enabled]) => {
    vm.enable({ exceptionPayload: enabled !== 0n })
    return done(0)
  },
  KVM_CAP_X86_TRIPLE_FAULT_EVENT: (vm, [enabled]) => {
    vm.enable({ tripleFault: enabled !== 0n })
    return done(0)
  },
}
