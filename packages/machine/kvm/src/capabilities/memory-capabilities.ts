import type { VmCapabilities } from './enable-cap.ts'

/** How written pages are told. */
export const memoryCapabilities: VmCapabilities = {
  KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2: ({ memory }, [options]) => memory.logs.enableManual(options),
  KVM_CAP_DIRTY_LOG_RING: ({ memory, vcpus }, [bytes]) => memory.logs.enableRings(bytes, vcpus.length),
  KVM_CAP_DIRTY_LOG_RING_ACQ_REL: ({ memory, vcpus }, [bytes]) => memory.logs.enableRings(bytes, vcpus.length),
}
