import { nestedVcpu } from '../../nested-vcpu.ts'
import { type Vmcs12Values, vmcs12Of, vmcs12Reader } from '../../vmcs12/vmcs12.ts'
import { soundVmcs12 } from '../set-nested-state/witness.ts'
import type { Vmlaunch } from './call.ts'

/** VMLAUNCH that enters L2; or with a VMCS that differs in some fields. */
export function aVmlaunch(changes: Partial<Vmlaunch> = {}, values: Vmcs12Values = {}): Vmlaunch {
  const read = vmcs12Reader(vmcs12Of({ ...soundVmcs12, ...values }))
  return {
    instruction: 'VMLAUNCH',
    vmxon: true,
    cpl: 0,
    enlightened: 'none',
    current: true,
    isShadow: false,
    blockedByMovSs: false,
    launched: false,
    entry: { read, vcpu: nestedVcpu('vmx'), runPending: true },
    ...changes,
  }
}
