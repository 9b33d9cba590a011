import { always, behaviour } from '@vmm/rule'
import { kernelSource, probe } from '@vmm/source'
import type { SignalMaskCall } from '../calls.ts'
import { aSignalMask } from '../witnesses.ts'

/** SIGKILL is 9 and SIGSTOP 19: bits 8 and 18. */
const unmaskable = (1n << 8n) | (1n << 18n)

export const sigmaskStored = behaviour<SignalMaskCall, SignalMaskCall>({
  id: 'sigmask-stored',
  catalogue: 'sigmask',
  says: 'SIGKILL and SIGSTOP are never masked; a null address leaves the thread’s own mask in force',
  sources: [
    kernelSource('virt/kvm/kvm_main.c', 'kvm_vcpu_ioctl_set_sigmask', '6.12.117'),
    probe('vcpus', 'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU and kvm_intel under Bochs'),
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: ({ address, given, ...call }) => ({
        ...call,
        address,
        given,
        stored: address === 'null' ? undefined : given & ~unmaskable,
      }),
      witness: { in: aSignalMask({ given: 0x103n }), out: aSignalMask({ given: 0x103n, stored: 0x3n }) },
    },
  ],
})
