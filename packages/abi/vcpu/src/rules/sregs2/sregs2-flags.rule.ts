import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetSregsCall } from '../calls.ts'
import { askedCalls } from '../where-recorded.ts'
import { aSetSregs } from '../witnesses.ts'

export const sregs2Flags = rule<SetSregsCall>({
  id: 'sregs2-flags',
  catalogue: 'sregs2',
  says: 'there is one flag',
  lifetime: since('5.14'),
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/regs.c', 'kvm_vcpu_ioctl_x86_set_sregs2', '6.12.117'), askedCalls],
  evidence: 'recorded',
  refuses: ({ flags }) => (flags & ~1n) !== 0n,
  witness: { refused: aSetSregs({}, { flags: 2n }), accepted: aSetSregs() },
})
