import type { VmCapabilities } from './enable-cap.ts'
import { eventCapabilities } from './event-capabilities.ts'
import { hypercallCapabilities } from './hypercall-capabilities.ts'
import { interruptCapabilities } from './interrupt-capabilities.ts'
import { memoryCapabilities } from './memory-capabilities.ts'
import { msrCapabilities } from './msr-capabilities.ts'
import { switchCapabilities } from './switch-capabilities.ts'

/** Every capability that a VM can enable. Each file beside this one has those of one subject. */
export const vmCapabilities: VmCapabilities = {
  ...eventCapabilities,
  ...hypercallCapabilities,
  ...interruptCapabilities,
  ...msrCapabilities,
  ...memoryCapabilities,
  ...switchCapabilities,
}
