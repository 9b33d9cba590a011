import type { Pipeline } from '@vmm/rule'
import type { VcpuMmapCase } from './case.ts'
import { mmapRing } from './ring.rule.ts'

/** mmap of a vCPU's file. */
export const vcpuMmapPipeline: Pipeline<VcpuMmapCase> = {
  call: 'mmap',
  steps: [{ kind: 'check', rule: mmapRing }],
}
