import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { recordedDispatch } from '../memory-encryption/where-recorded.ts'
import { guestComponents, type SystemAttributeRule } from './case.ts'

export const systemAttributeAddress: SystemAttributeRule = rule({
  id: 'system-attribute-address',
  catalogue: 'ioctls-not-detailed',
  says: 'the value can be written',
  lifetime: always,
  errno: 'EFAULT',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_x86_dev_get_attr', '6.12.117'), recordedDispatch],
  evidence: 'recorded',
  refuses: ({ writable }) => !writable,
  witness: { refused: { ...guestComponents, writable: false }, accepted: guestComponents },
})
