import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetTscKhzCall } from '../calls.ts'
import { askedNewer } from '../where-recorded.ts'
import { aSetTscKhz } from '../witnesses.ts'

export const vmTscKhzAfterVcpu = rule<SetTscKhzCall>({
  id: 'vm-tsc-khz-after-vcpu',
  catalogue: 'tsc-khz',
  says: 'a VM’s rate is set before its first vCPU is made',
  lifetime: since('6.17'),
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vm_ioctl', '6.18'), askedNewer],
  evidence: 'recorded',
  refuses: ({ hasVcpus }) => hasVcpus,
  witness: { refused: aSetTscKhz({ hasVcpus: true }), accepted: aSetTscKhz() },
})
