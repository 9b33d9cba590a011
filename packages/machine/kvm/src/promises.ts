import { type Entry, pipelineEntries } from '@vmm/rule'
import { createVcpuPipeline } from './rules/create-vcpu/index.ts'
import { createVmPipeline } from './rules/create-vm/index.ts'
import { dispatchPipeline } from './rules/dispatch/index.ts'
import { enableCapPipeline } from './rules/enable-cap/index.ts'
import { ioBusPipeline } from './rules/io-bus/index.ts'
import { runPipeline } from './rules/run/index.ts'
import { memoryRegionPipeline } from './rules/set-user-memory-region/index.ts'

/** Every promise that is made here, call by call, in the order in which the kernel checks. */
export const kvmPromises: readonly Entry[] = [
  ...pipelineEntries(dispatchPipeline),
  ...pipelineEntries(createVmPipeline),
  ...pipelineEntries(createVcpuPipeline),
  ...pipelineEntries(memoryRegionPipeline),
  ...pipelineEntries(enableCapPipeline),
  ...pipelineEntries(ioBusPipeline),
  ...pipelineEntries(runPipeline),
]
