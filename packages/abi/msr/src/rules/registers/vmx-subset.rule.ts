import { always } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { MsrCall } from '../../kvm-call.ts'
import { isHostWrite } from '../../kvm-call.ts'
import { having, hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

const full = (call: MsrCall): bigint => call.host.featureMsrs.get(call.index) ?? 0n
const around = { vcpu: having('VMX'), host: { featureMsrs: new Map([[0x491, 1n]]) } }

export const vmxSubset = registerRule({
  id: 'vmx-subset',
  catalogue: 'vmx-msr-fixed',
  says: 'what KVM can do of EPT, VPID and VM functions may be taken away, and nothing added',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_restore_vmx_ept_vpid_cap', '6.12'),
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_vmx_msr', '6.12'),
  ],
  evidence: 'recorded',
  refuses: (call) =>
    isHostWrite(call) && (call.index === 0x48c || call.index === 0x491) && (call.data & ~full(call)) !== 0n,
  witness: { refused: hostWrites(0x491, 2n, around), accepted: hostWrites(0x491, 0n, around) },
})
