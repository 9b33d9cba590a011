import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { LapicCall } from '../calls.ts'
import { askedCalls } from '../where-recorded.ts'
import { aLapicCall } from '../witnesses.ts'

export const lapicAbsent = rule<LapicCall>({
  id: 'lapic-absent',
  catalogue: 'lapic',
  says: 'there must be a local APIC in the kernel',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_ioctl', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_ioctl', '6.1.192'),
    askedCalls,
  ],
  evidence: 'recorded',
  refuses: ({ localApic }) => !localApic,
  witness: { refused: aLapicCall({ localApic: false }), accepted: aLapicCall() },
})
