import { always } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { apicInKernel, type MsrCall } from '../../kvm-call.ts'
import { hostReads, hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

const [eoi, icr, tpr] = [0x4000_0070, 0x4000_0071, 0x4000_0072] as const

function refuses(call: MsrCall): boolean {
  if (call.index < eoi || call.index > tpr) return false
  if (!apicInKernel(call)) return true
  return call.access === 'read' && call.index === eoi
}

export const hyperVApic = registerRule({
  id: 'hyper-v-apic',
  catalogue: 'hv-msrs',
  says: 'HV_X64_MSR_EOI, _ICR and _TPR are of a local APIC in the kernel; EOI cannot be read',
  lifetime: always,
  errno: 'invalid',
  sources: [
    kernelSource('arch/x86/kvm/hyperv.c', 'kvm_hv_set_msr', '6.12'),
    kernelSource('arch/x86/kvm/lapic.c', 'kvm_hv_vapic_msr_write', '6.12'),
  ],
  evidence: 'recorded',
  refuses,
  witness: {
    refused: hostReads(icr, 0n, { vcpu: { localApic: 'user space' } }),
    accepted: hostWrites(tpr, 0x20n),
  },
})
