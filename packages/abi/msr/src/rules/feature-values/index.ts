import { behaviourEntry, type Entry, type Pipeline } from '@vmm/rule'
import type { MsrError } from '../../kvm-call.ts'
import { archCapabilities } from './arch-capabilities.rule.ts'
import { deCfgTold } from './de-cfg-told.rule.ts'
import { eferSupported } from './efer-supported.rule.ts'
import { featureMsrAfterCreation } from './feature-msr-after-creation.rule.ts'
import { featureMsrListed } from './feature-msr-listed.rule.ts'
import { perfCapabilities } from './perf-capabilities.rule.ts'
import { platformInformation } from './platform-information.rule.ts'
import { systemRead } from './system-read.rule.ts'
import type { SystemRead } from './system-read.ts'
import { systemReadUnlisted } from './system-read-unlisted.rule.ts'

/** One entry of KVM_GET_MSRS on /dev/kvm. */
export const systemReadEntry: Pipeline<SystemRead, MsrError> = {
  call: 'KVM_GET_MSRS (/dev/kvm)',
  steps: [
    { kind: 'check', rule: systemRead },
    { kind: 'check', rule: systemReadUnlisted },
  ],
}

/** Promises about the values of feature MSRs that are asked for by themselves. */
export const featureValueEntries: readonly Entry[] = [
  behaviourEntry('KVM_GET_MSR_FEATURE_INDEX_LIST', featureMsrListed),
  behaviourEntry('KVM_GET_MSRS (/dev/kvm)', archCapabilities),
  behaviourEntry('KVM_GET_MSRS (/dev/kvm)', perfCapabilities),
  behaviourEntry('KVM_GET_MSRS (/dev/kvm)', platformInformation),
  behaviourEntry('KVM_GET_MSRS (/dev/kvm)', deCfgTold),
  behaviourEntry('KVM_GET_MSRS (/dev/kvm)', featureMsrAfterCreation),
  behaviourEntry('WRMSR', eferSupported),
]
