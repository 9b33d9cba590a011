import { always } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { MsrCall } from '../../kvm-call.ts'
import { bitOf, isHostWrite } from '../../kvm-call.ts'
import { having, holding, hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

const full = (call: MsrCall): bigint => call.host.featureMsrs.get(call.index) ?? 0n

/** SAVE_LMA, the activity states, PT, SMBASE, BLOCK_SMI, VMWRITE_ANY and length 0; and what is reserved. */
const bounded = 0xf000_ffe0n
const field = (value: bigint, low: bigint, mask: bigint): bigint => (value >> low) & mask

/** The timer is looked up in the controls that the vCPU has now: the order of writes matters. */
function mayBecome(call: MsrCall): boolean {
  const kvms = full(call)
  const wanted = call.data
  if ((wanted & ~kvms & bounded) !== 0n || wanted >> 32n !== kvms >> 32n) return false
  if (field(wanted, 16n, 0x1ffn) > field(kvms, 16n, 0x1ffn) || field(wanted, 25n, 7n) > field(kvms, 25n, 7n))
    return false
  const hasTimer = bitOf(call.vcpu.values.get(0x48d) ?? 0n, 38)
  return !hasTimer || field(wanted, 0n, 0x1fn) === field(kvms, 0n, 0x1fn)
}

const around = {
  vcpu: { ...having('VMX'), ...holding([0x48d, 1n << 38n]) },
  host: { featureMsrs: new Map([[0x485, 5n]]) },
}

export const vmxMisc = registerRule({
  id: 'vmx-misc',
  catalogue: 'vmx-msr-misc',
  says: 'IA32_VMX_MISC may lose features and counts, and keeps the rate of a preemption timer that may be used',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_restore_vmx_misc', '6.12')],
  evidence: 'recorded',
  refuses: (call) => isHostWrite(call) && call.index === 0x485 && !mayBecome(call),
  witness: {
    refused: hostWrites(0x485, 6n, around),
    accepted: hostWrites(0x485, 6n, { ...around, vcpu: { ...having('VMX'), ...holding([0x48d, 0x16n]) } }),
  },
})
