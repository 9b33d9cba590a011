import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SignalMaskCall } from '../calls.ts'
import { askedRules } from '../where-recorded.ts'
import { aSignalMask } from '../witnesses.ts'

export const sigmaskLength = rule<SignalMaskCall>({
  id: 'sigmask-length',
  catalogue: 'sigmask',
  says: 'a mask has eight bytes',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/kvm_main.c', 'kvm_vcpu_ioctl', '6.12.117'), askedRules],
  evidence: 'recorded',
  refuses: ({ address, length }) => address !== 'null' && length !== 8,
  witness: { refused: aSignalMask({ length: 4 }), accepted: aSignalMask() },
})
