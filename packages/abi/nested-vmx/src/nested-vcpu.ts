import type { NestedFormat } from './nested-state.ts'
import type { NestedVcpu } from './rules/set-nested-state/call.ts'
import { vmcbBytes } from './vmcb12/vmcb12.ts'
import { vmcs12Revision } from './vmcs12/vmcs12.ts'
import { offeredVmxMsrs } from './vmcs12/vmx-limits.ts'

/** A vCPU whose guest may be a hypervisor, on a processor that can do all that KVM offers; in 64-bit mode. */
export function nestedVcpu(format: NestedFormat, changes: Partial<NestedVcpu> = {}): NestedVcpu {
  return {
    format,
    hasVmx: format === 'vmx',
    inSmm: false,
    enlightenedVmcs: false,
    physicalAddressWidth: 46,
    linearAddressWidth: 48,
    vmx: offeredVmxMsrs,
    allowedCr4: 0x77_ffffn,
    allowedSCet: 0n,
    allowedEfer: format === 'svm' ? 0x1d01n : 0xd01n,
    allowedDebugctl: 0n,
    allowedPerfGlobalCtrl: 0x7_0000_00ffn,
    cr0: 0x8000_0011n,
    cr3: 0x1000n,
    efer: format === 'svm' ? 0x1500n : 0x500n,
    nestedPaging: true,
    freezeInSmmQuirk: true,
    linkedRevision: vmcs12Revision,
    ownVmcb: new Uint8Array(vmcbBytes),
    ...changes,
  }
}
