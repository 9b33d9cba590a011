import { always } from '@vmm/rule'
import { kernelSource, probe } from '@vmm/source'
import { isHostWrite } from '../../kvm-call.ts'
import { having, hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

const isVmx = (index: number): boolean => index >= 0x480 && index <= 0x491

export const vmxMsrAfterVmxon = registerRule({
  id: 'vmx-msr-after-vmxon',
  catalogue: 'vmx-msr-busy-vmxon',
  says: 'the capabilities of VMX cannot be written after VMXON, not even as they are',
  lifetime: always,
  errno: 'EBUSY',
  sources: [
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_vmx_msr', '6.12'),
    probe('nested-l2-vmx', 'Linux 6.1.192 and 6.12.117, kvm_intel under Bochs'),
  ],
  evidence: 'recorded',
  refuses: (call) => isHostWrite(call) && isVmx(call.index) && call.vcpu.vmxOn,
  witness: {
    refused: hostWrites(0x48a, 0n, { vcpu: { ...having('VMX'), vmxOn: true } }),
    accepted: hostWrites(0x48a, 0n, { vcpu: having('VMX') }),
  },
})
