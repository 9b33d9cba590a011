import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetDebugregsCall } from '../calls.ts'
import { askedCalls } from '../where-recorded.ts'
import { aSetDebugregs } from '../witnesses.ts'

export const debugregsFlags = rule<SetDebugregsCall>({
  id: 'debugregs-flags',
  catalogue: 'debugregs',
  says: 'there is no flag',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/regs.c', 'kvm_vcpu_ioctl_x86_set_debugregs', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_x86_set_debugregs', '6.1.192'),
    askedCalls,
  ],
  evidence: 'recorded',
  refuses: ({ given: { flags } }) => flags !== 0n,
  witness: { refused: aSetDebugregs({ flags: 1n }), accepted: aSetDebugregs() },
})
