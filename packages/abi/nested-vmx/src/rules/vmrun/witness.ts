import { nestedVcpu } from '../../nested-vcpu.ts'
import { type VmcbValues, vmcbOf, vmcbReader } from '../../vmcb12/vmcb12.ts'
import { soundVmcb12 } from '../set-nested-state/witness.ts'
import type { Vmrun } from './call.ts'

/** VMRUN that enters L2; or with a VMCB that differs in some fields. */
export function aVmrun(changes: Partial<Vmrun> = {}, values: VmcbValues = {}): Vmrun {
  return {
    efer: 0x1500n,
    paging: true,
    cpl: 0,
    inSmm: false,
    hasSaveArea: true,
    vmcb: 0x3000n,
    mapped: true,
    entry: { read: vmcbReader(vmcbOf({ ...soundVmcb12, ...values })), vcpu: nestedVcpu('svm') },
    ...changes,
  }
}
