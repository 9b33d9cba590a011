import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { type EnableCapRule, exceptionPayload } from './case.ts'

export const enableUnknown: EnableCapRule = rule({
  id: 'enable-cap-unknown',
  catalogue: 'enable-cap-vm',
  says: 'a capability that a VM cannot enable is refused',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_enable_cap', '6.12.117')],
  evidence: 'source',
  refuses: ({ known }) => !known,
  witness: { refused: { ...exceptionPayload, capability: 9999, known: false }, accepted: exceptionPayload },
})
