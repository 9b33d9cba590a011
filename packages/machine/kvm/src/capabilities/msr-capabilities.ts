import { done } from '../answer.ts'
import type { VmCapabilities } from './enable-cap.ts'

/** What guests may do with MSRs, and what user space hears of it. */
export const msrCapabilities: VmCapabilities = {
  KVM_CAP_X86_USER_SPACE_MSR: ({ msrs }, [mask]) => msrs.exitFor(mask),
  KVM_CAP_MSR_PLATFORM_INFO: ({ msrs }, [readable]) => {
    msrs.guestReadsPlatformInfo = readable !== 0n
    return done(0)
  },
}
