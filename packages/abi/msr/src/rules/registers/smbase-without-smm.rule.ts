import { since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { hostReads } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const smbaseWithoutSmm = registerRule({
  id: 'smbase-without-smm',
  catalogue: 'smbase',
  says: 'IA32_SMBASE exists where KVM was built with SMM',
  lifetime: since({ absentIn: '6.1', presentIn: '6.12' }),
  errno: 'invalid',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_set_msr_common', '6.12'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_get_msr_common', '6.12'),
  ],
  refuses: ({ index, host }) => index === 0x9e && !host.smm,
  witness: { refused: hostReads(0x9e, 0n, { host: { smm: false } }), accepted: hostReads(0x9e) },
})
