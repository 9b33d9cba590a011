import { type Entry, pipelineEntries } from '@vmm/rule'
import { bulkEntries, getMsrsCall, setMsrsCall } from './rules/bulk/index.ts'
import { clockEntries } from './rules/clocks/index.ts'
import { enableUserSpaceMsrCall, exitEntries } from './rules/exits/index.ts'
import { featureMsrEntries, featureMsrWrite } from './rules/feature-msrs/index.ts'
import { featureValueEntries, systemReadEntry } from './rules/feature-values/index.ts'
import { filterEntries, setMsrFilterCall } from './rules/filter/index.ts'
import { indexListCall, indexListEntries } from './rules/index-list/index.ts'
import { machineCheckEntries, setMceCall, setupMceCall } from './rules/machine-check/index.ts'
import { oneRegCall, regListCall } from './rules/one-reg/index.ts'
import { registerEntries, registerRead, registerWrite } from './rules/registers/index.ts'
import { unsupportedEntries } from './rules/unsupported/index.ts'

const inOrder: readonly Entry[] = [
  ...pipelineEntries(indexListCall),
  ...indexListEntries,
  ...pipelineEntries(systemReadEntry),
  ...featureValueEntries,
  ...pipelineEntries(getMsrsCall),
  ...bulkEntries,
  ...pipelineEntries(setMsrsCall),
  ...pipelineEntries(featureMsrWrite),
  ...featureMsrEntries,
  ...pipelineEntries(registerWrite),
  ...pipelineEntries(registerRead),
  ...registerEntries,
  ...clockEntries,
  ...unsupportedEntries,
  ...pipelineEntries(oneRegCall),
  ...pipelineEntries(regListCall),
  ...pipelineEntries(setMsrFilterCall),
  ...filterEntries,
  ...pipelineEntries(enableUserSpaceMsrCall),
  ...exitEntries,
  ...pipelineEntries(setupMceCall),
  ...pipelineEntries(setMceCall),
  ...machineCheckEntries,
]

/** Every promise of this package once, call by call, in the order in which the kernel checks. */
export const msrPromises: readonly Entry[] = inOrder.filter(
  ({ id }, at) => inOrder.findIndex((entry) => entry.id === id) === at,
)
