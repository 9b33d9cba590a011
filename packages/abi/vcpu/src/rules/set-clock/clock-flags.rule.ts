import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetClockCall } from '../calls.ts'
import { askedRules } from '../where-recorded.ts'

/** Only KVM_CLOCK_REALTIME is acted on. */
export const clockFlags = rule<SetClockCall>({
  id: 'clock-flags',
  catalogue: 'kvm-clock',
  says: 'the flags are those that KVM_GET_CLOCK tells',
  lifetime: since('5.16'),
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_set_clock', '6.12.117'), askedRules],
  evidence: 'recorded',
  refuses: ({ given: { flags } }) => (flags & ~0xe) !== 0,
  witness: { refused: { given: { flags: 1 } }, accepted: { given: { flags: 0xe } } },
})
