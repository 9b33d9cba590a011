import { behaviourEntry, type Entry, pipelineEntries } from '@vmm/rule'
import { dirtyRingPipeline } from '../rules/cap-dirty-ring/index.ts'
import { manualDirtyLogPipeline } from '../rules/cap-manual-dirty-log/index.ts'
import { clearDirtyLogPipeline } from '../rules/clear-dirty-log/index.ts'
import { collects } from '../rules/coalesced-mmio/collects.behaviour.ts'
import { registerCoalescedPipeline } from '../rules/coalesced-mmio/index.ts'
import { unregisters } from '../rules/coalesced-mmio/unregisters.behaviour.ts'
import { guestMemfdPipeline } from '../rules/create-guest-memfd/index.ts'
import { getDirtyLogPipeline } from '../rules/get-dirty-log/index.ts'
import { ringSoftFull } from '../rules/logged-pages/soft-full.behaviour.ts'
import { loggedThrough } from '../rules/logged-pages/through.behaviour.ts'
import { pageTouched } from '../rules/logged-pages/touch.behaviour.ts'
import { memoryFault } from '../rules/memory-fault/fault.behaviour.ts'
import { preFaultPipeline } from '../rules/pre-fault-memory/index.ts'
import { resetRingsPipeline } from '../rules/reset-dirty-rings/index.ts'
import { identityMapPipeline } from '../rules/set-identity-map-addr/index.ts'
import { memoryAttributesPipeline } from '../rules/set-memory-attributes/index.ts'
import { mmuPagesPipeline } from '../rules/set-nr-mmu-pages/index.ts'
import { tssAddressPipeline } from '../rules/set-tss-addr/index.ts'
import { memoryRegionPipeline } from '../rules/set-user-memory-region/index.ts'
import { vcpuMmapPipeline } from '../rules/vcpu-mmap/index.ts'

/** What is promised of a VM's memory. */
export const memoryPromises: readonly Entry[] = [
  ...pipelineEntries(memoryRegionPipeline),
  ...pipelineEntries(getDirtyLogPipeline),
  ...pipelineEntries(clearDirtyLogPipeline),
  ...pipelineEntries(manualDirtyLogPipeline),
  ...pipelineEntries(dirtyRingPipeline),
  ...pipelineEntries(resetRingsPipeline),
  ...pipelineEntries(vcpuMmapPipeline),
  ...pipelineEntries(memoryAttributesPipeline),
  ...pipelineEntries(guestMemfdPipeline),
  ...pipelineEntries(preFaultPipeline),
  ...pipelineEntries(mmuPagesPipeline),
  ...pipelineEntries(tssAddressPipeline),
  ...pipelineEntries(identityMapPipeline),
  ...pipelineEntries(registerCoalescedPipeline),
  behaviourEntry('KVM_REGISTER_COALESCED_MMIO', collects),
  behaviourEntry('KVM_UNREGISTER_COALESCED_MMIO', unregisters),
  behaviourEntry('KVM_RUN', loggedThrough),
  behaviourEntry('KVM_RUN', pageTouched),
  behaviourEntry('KVM_RUN', ringSoftFull),
  behaviourEntry('KVM_RUN', memoryFault),
]
