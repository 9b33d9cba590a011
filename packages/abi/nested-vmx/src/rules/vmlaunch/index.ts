import type { Pipeline } from '@vmm/rule'
import type { EntryFailure, Vmlaunch } from './call.ts'
import { vmlaunchAfterMovSs } from './vmlaunch-after-mov-ss.rule.ts'
import { vmlaunchControls } from './vmlaunch-controls.rule.ts'
import { vmlaunchEnlightenedUnmapped } from './vmlaunch-enlightened-unmapped.rule.ts'
import { vmlaunchEnlightenedVersion } from './vmlaunch-enlightened-version.rule.ts'
import { vmlaunchGuestState } from './vmlaunch-guest-state.rule.ts'
import { vmlaunchHostState } from './vmlaunch-host-state.rule.ts'
import { vmlaunchHostWidth } from './vmlaunch-host-width.rule.ts'
import { vmlaunchLaunched } from './vmlaunch-launched.rule.ts'
import { vmlaunchOutsideVmx } from './vmlaunch-outside-vmx.rule.ts'
import { vmlaunchPrivilege } from './vmlaunch-privilege.rule.ts'
import { vmlaunchShadow } from './vmlaunch-shadow.rule.ts'
import { vmlaunchWithoutVmcs } from './vmlaunch-without-vmcs.rule.ts'
import { vmresumeNotLaunched } from './vmresume-not-launched.rule.ts'

/** VMLAUNCH and VMRESUME in L1: what they get instead of L2. */
export const vmlaunchPipeline: Pipeline<Vmlaunch, EntryFailure> = {
  call: 'VMLAUNCH, VMRESUME',
  steps: [
    { kind: 'check', rule: vmlaunchOutsideVmx },
    { kind: 'check', rule: vmlaunchPrivilege },
    { kind: 'check', rule: vmlaunchEnlightenedUnmapped },
    { kind: 'check', rule: vmlaunchEnlightenedVersion },
    { kind: 'check', rule: vmlaunchWithoutVmcs },
    { kind: 'check', rule: vmlaunchShadow },
    { kind: 'check', rule: vmlaunchAfterMovSs },
    { kind: 'check', rule: vmlaunchLaunched },
    { kind: 'check', rule: vmresumeNotLaunched },
    { kind: 'check', rule: vmlaunchControls },
    { kind: 'check', rule: vmlaunchHostWidth },
    { kind: 'check', rule: vmlaunchHostState },
    { kind: 'check', rule: vmlaunchGuestState },
  ],
}
