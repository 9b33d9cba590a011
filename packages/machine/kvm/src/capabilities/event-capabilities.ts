import { done } from '../answer.ts'
import type { VmCapabilities } from './enable-cap.ts'

/** What KVM_GET_ and KVM_SET_VCPU_EVENTS can say. */
export const eventCapabilities: VmCapabilities = {
  KVM_CAP_EXCEPTION_PAYLOAD: ({ processor }, [enabled]) => {
    processor.vcpu.capabilities.exceptionPayload = enabled !== 0n
    return done(0)
  },
  KVM_CAP_X86_TRIPLE_FAULT_EVENT: ({ processor }, [enabled]) => {
    processor.vcpu.capabilities.tripleFault = enabled !== 0n
    return done(0)
  },
}
