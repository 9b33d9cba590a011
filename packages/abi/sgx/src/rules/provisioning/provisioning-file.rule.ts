import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'

/** The call, as far as it matters. */
export interface ProvisioningCall {
  /** What the file descriptor in args[0] is: whoever may open /dev/sgx_provision may let a VM provision. */
  readonly file: '/dev/sgx_provision' | 'another' | 'none'
  /** The VM's enclaves may have the provisioning key. */
  readonly provisioning: boolean
}

/** Permission is proved with a file, as for a process of the host. */
export const provisioningFile = rule<ProvisioningCall>({
  id: 'sgx-attribute-file',
  catalogue: 'sgx-attribute-cap',
  says: 'a VM may provision where user space shows a file of /dev/sgx_provision, and no other',
  lifetime: since('5.13'),
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kernel/cpu/sgx/main.c', 'sgx_set_attribute', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_enable_cap', '6.12.117'),
  ],
  evidence: 'source',
  refuses: ({ file }) => file !== '/dev/sgx_provision',
  witness: {
    refused: { file: 'none', provisioning: false },
    accepted: { file: '/dev/sgx_provision', provisioning: false },
  },
})
