import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { recordedDispatch } from '../memory-encryption/where-recorded.ts'
import { type EncryptionRule, encrypting } from './case.ts'

export const encryptionAbsent: EncryptionRule = rule({
  id: 'encryption-absent',
  catalogue: 'ioctls-not-detailed',
  says: 'guests are encrypted where the processor does that',
  lifetime: always,
  errno: 'ENOTTY',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vm_ioctl', '6.12.117'), recordedDispatch],
  evidence: 'recorded',
  refuses: ({ encrypts }) => !encrypts,
  witness: { refused: { encrypts: false }, accepted: encrypting },
})
