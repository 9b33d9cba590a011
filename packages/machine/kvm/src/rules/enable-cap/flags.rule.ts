import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { type EnableCapRule, exceptionPayload } from './case.ts'

export const enableFlags: EnableCapRule = rule({
  id: 'enable-cap-flags',
  catalogue: 'enable-cap-vm',
  says: 'no capability is enabled with flags',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_enable_cap', '6.12.117')],
  evidence: 'source',
  refuses: ({ flags }) => flags !== 0,
  witness: { refused: { ...exceptionPayload, flags: 1 }, accepted: exceptionPayload },
})
