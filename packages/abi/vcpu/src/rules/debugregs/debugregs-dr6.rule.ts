import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetDebugregsCall } from '../calls.ts'
import { askedCalls } from '../where-recorded.ts'
import { aSetDebugregs } from '../witnesses.ts'

export const debugregsDr6 = rule<SetDebugregsCall>({
  id: 'debugregs-dr6',
  catalogue: 'debugregs',
  says: 'the upper half of DR6 must be zero',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/regs.c', 'kvm_vcpu_ioctl_x86_set_debugregs', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_x86_set_debugregs', '6.1.192'),
    askedCalls,
  ],
  evidence: 'recorded',
  refuses: ({ given: { dr6 } }) => dr6 >> 32n !== 0n,
  witness: { refused: aSetDebugregs({ dr6: 1n << 32n }), accepted: aSetDebugregs({ dr6: 0n }) },
})
