import { always } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { MsrCall } from '../../kvm-call.ts'
import { isHostWrite } from '../../kvm-call.ts'
import { having, hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

const full = (call: MsrCall): bigint => call.host.featureMsrs.get(call.index) ?? 0n
const around = { vcpu: having('VMX'), host: { featureMsrs: new Map([[0x488, 0x2000n]]) } }

export const vmxFixed0 = registerRule({
  id: 'vmx-fixed-0',
  catalogue: 'vmx-msr-fixed',
  says: 'CR0 and CR4 FIXED0 may require more bits, never fewer',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_restore_fixed0_msr', '6.12')],
  evidence: 'recorded',
  refuses: (call) =>
    isHostWrite(call) && (call.index === 0x486 || call.index === 0x488) && (full(call) & ~call.data) !== 0n,
  witness: { refused: hostWrites(0x488, 0n, around), accepted: hostWrites(0x488, 0x2001n, around) },
})
