import { behaviour, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { ProvisioningCall } from './provisioning-file.rule.ts'

/** There is no way back. ECREATE of vCPUs goes on being watched until their tables are set again. */
export const provisioningAllowed = behaviour<ProvisioningCall, ProvisioningCall>({
  id: 'sgx-attribute-allowed',
  catalogue: 'sgx-attribute-cap',
  says: 'enclaves of the VM may have the provisioning key from now on',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_enable_cap', '6.12.117')],
  evidence: 'source',
  versions: [
    {
      lifetime: since('5.13'),
      does: (call) => ({ ...call, provisioning: true }),
      witness: {
        in: { file: '/dev/sgx_provision', provisioning: false },
        out: { file: '/dev/sgx_provision', provisioning: true },
      },
    },
  ],
})
