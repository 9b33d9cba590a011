import { behaviourEntry, type Entry, pipelineEntries } from '@vmm/rule'
import { enableEvmcsPipeline } from './rules/enable-evmcs/index.ts'
import { getNestedStatePipeline } from './rules/get-nested-state/index.ts'
import { nestedCapBytes } from './rules/nested-cap/nested-cap-bytes.rule.ts'
import { nestedFormat } from './rules/nested-cap/nested-format.rule.ts'
import { setSvmNestedStatePipeline, setVmxNestedStatePipeline } from './rules/set-nested-state/index.ts'

/** Every promise of this package, call by call, in the order in which the kernel checks. */
export const nestedPromises: readonly Entry[] = [
  behaviourEntry('KVM_CHECK_EXTENSION', nestedFormat),
  behaviourEntry('KVM_CHECK_EXTENSION', nestedCapBytes),
  ...pipelineEntries(getNestedStatePipeline),
  ...pipelineEntries(setVmxNestedStatePipeline),
  ...pipelineEntries(setSvmNestedStatePipeline),
  ...pipelineEntries(enableEvmcsPipeline),
]
