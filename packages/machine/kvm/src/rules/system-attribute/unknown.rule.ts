import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { recordedDispatch } from '../memory-encryption/where-recorded.ts'
import { guestComponents, type SystemAttributeRule } from './case.ts'

export const systemAttributeUnknown: SystemAttributeRule = rule({
  id: 'system-attribute-unknown',
  catalogue: 'ioctls-not-detailed',
  says: 'KVM tells which XSAVE components a guest could have, and nothing else',
  lifetime: always,
  errno: 'ENXIO',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_x86_dev_get_attr', '6.12.117'), recordedDispatch],
  evidence: 'recorded',
  refuses: ({ group, attribute }) => group !== 0 || attribute !== 0n,
  witness: { refused: { ...guestComponents, attribute: 1n }, accepted: guestComponents },
})
