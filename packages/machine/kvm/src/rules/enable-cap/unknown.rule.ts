import { always, rule } from '@vmm/rule'
import { kernelSource, probe } from '@vmm/source'
import { type EnableCapRule, exceptionPayload } from './case.ts'

export const enableUnknown: EnableCapRule = rule({
  id: 'enable-cap-unknown',
  catalogue: 'enable-cap-vm',
  says: 'a capability that a VM cannot enable is refused',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_enable_cap', '6.12.117'),
    probe('capabilities', 'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU and kvm_intel under Bochs; 6.18.44, kvm_pvm'),
  ],
  evidence: 'recorded',
  refuses: ({ known }) => !known,
  witness: { refused: { ...exceptionPayload, capability: 9999, known: false }, accepted: exceptionPayload },
})
