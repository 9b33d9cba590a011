import type { Pipeline } from '@vmm/rule'
import type { PermissionCall } from './permission-call.ts'
import { xcompAlready } from './xcomp-guest-perm-already.rule.ts'
import { xcompPermitted } from './xcomp-guest-perm-granted.rule.ts'
import { xcompLocked } from './xcomp-guest-perm-locked.rule.ts'
import { xcompNotDynamic } from './xcomp-guest-perm-not-dynamic.rule.ts'
import { xcompNumber } from './xcomp-guest-perm-number.rule.ts'
import { xcompNotThere } from './xcomp-guest-perm-unsupported.rule.ts'

/** A process's wish to give its guests a dynamic component of XCR0, in the kernel's order. It is no call of KVM's. */
export const guestPermissionPipeline: Pipeline<PermissionCall> = {
  call: 'arch_prctl(ARCH_REQ_XCOMP_GUEST_PERM)',
  steps: [
    { kind: 'check', rule: xcompNumber },
    { kind: 'check', rule: xcompNotDynamic },
    { kind: 'check', rule: xcompNotThere },
    { kind: 'end', behaviour: xcompAlready },
    { kind: 'check', rule: xcompLocked },
    { kind: 'act', behaviour: xcompPermitted },
  ],
}
