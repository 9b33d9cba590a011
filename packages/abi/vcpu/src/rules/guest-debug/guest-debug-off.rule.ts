import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { GuestDebugCall } from '../calls.ts'
import { askedCalls } from '../where-recorded.ts'
import { aGuestDebug } from '../witnesses.ts'

export const guestDebugOff = behaviour<GuestDebugCall, GuestDebugCall>({
  id: 'guest-debug-off',
  catalogue: 'guest-debug',
  says: 'without KVM_GUESTDBG_ENABLE nothing is debugged; bits that are not known are kept, and do nothing',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_ioctl_set_guest_debug', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_ioctl_set_guest_debug', '6.1.192'),
    askedCalls,
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: (call) => ({ ...call, inForce: (call.control & 1) === 0 ? 0 : call.control }),
      witness: { in: aGuestDebug({ control: 0x1_0002, inForce: 1 }), out: aGuestDebug({ control: 0x1_0002 }) },
    },
  ],
})
