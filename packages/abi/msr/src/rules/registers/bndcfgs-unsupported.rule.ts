import { always } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { hostReads } from '../witness.ts'
import { registerRule } from './register-rule.ts'

export const bndcfgsUnsupported = registerRule({
  id: 'bndcfgs-unsupported',
  catalogue: 'bndcfgs',
  says: 'IA32_BNDCFGS exists where KVM supports MPX, also for user space',
  lifetime: always,
  errno: 'invalid',
  sources: [kernelSource('arch/x86/kvm/vmx/vmx.c', 'vmx_get_msr', '6.12')],
  evidence: 'recorded',
  refuses: ({ index, host }) => index === 0xd90 && !host.features.has('MPX'),
  witness: { refused: hostReads(0xd90, 0n, { host: { features: new Set() } }), accepted: hostReads(0xd90) },
})
