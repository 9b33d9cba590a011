import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { GuestDebugCall } from '../calls.ts'
import { askedCalls } from '../where-recorded.ts'
import { aGuestDebug } from '../witnesses.ts'

export const guestDebugBusy = rule<GuestDebugCall>({
  id: 'guest-debug-busy',
  catalogue: 'guest-debug',
  says: 'no exception can be raised while one waits',
  lifetime: always,
  errno: 'EBUSY',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_ioctl_set_guest_debug', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_ioctl_set_guest_debug', '6.1.192'),
    askedCalls,
  ],
  evidence: 'recorded',
  refuses: ({ control, exceptionPending }) => (control & 0xc_0000) !== 0 && exceptionPending,
  witness: {
    refused: aGuestDebug({ control: 0x4_0001, exceptionPending: true }),
    accepted: aGuestDebug({ control: 1, exceptionPending: true }),
  },
})
