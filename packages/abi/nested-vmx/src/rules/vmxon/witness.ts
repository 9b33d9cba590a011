import { nestedVcpu } from '../../nested-vcpu.ts'
import { vmcs12Revision } from '../../vmcs12/vmcs12.ts'
import type { Vmxon } from './call.ts'

/** VMXON that enters VMX operation. */
export function aVmxon(changes: Partial<Vmxon> = {}): Vmxon {
  return {
    vcpu: nestedVcpu('vmx', { cr0: 0x8000_0031n }),
    cr4: 0x2020n,
    modeIsRight: true,
    cpl: 0,
    vmxon: false,
    featureControl: 5n,
    region: 0x1000n,
    revision: vmcs12Revision,
    ...changes,
  }
}
