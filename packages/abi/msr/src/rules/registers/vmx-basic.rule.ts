import { always } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { MsrCall } from '../../kvm-call.ts'
import { bitOf, isHostWrite } from '../../kvm-call.ts'
import { having, hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

const full = (call: MsrCall): bigint => call.host.featureMsrs.get(call.index) ?? 0n

/** Dual monitor, INS and OUTS, TRUE controls; and what is reserved. */
const bounded = (7n << 54n) | (1n << 49n) | (0xffn << 56n) | (7n << 45n) | (1n << 31n)
const size = (value: bigint): bigint => (value >> 32n) & 0x1fffn

/** The type of memory is not looked at. */
function mayBecome(kvms: bigint, wanted: bigint): boolean {
  if ((wanted & ~kvms & bounded) !== 0n || bitOf(wanted, 48)) return false
  return (wanted & 0x7fff_ffffn) === (kvms & 0x7fff_ffffn) && size(wanted) >= size(kvms)
}

const kvms = 0xda_0400_11e5_7ed0n
const around = { vcpu: having('VMX'), host: { featureMsrs: new Map([[0x480, kvms]]) } }

export const vmxBasic = registerRule({
  id: 'vmx-basic',
  catalogue: 'vmx-msr-basic',
  says: 'IA32_VMX_BASIC may lose features, keeps the revision, asks for no smaller VMCS, and never for 32-bit addresses',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_restore_vmx_basic', '6.12')],
  evidence: 'recorded',
  refuses: (call) => isHostWrite(call) && call.index === 0x480 && !mayBecome(full(call), call.data),
  witness: {
    refused: hostWrites(0x480, kvms | (1n << 48n), around),
    accepted: hostWrites(0x480, kvms & ~(1n << 55n), around),
  },
})
