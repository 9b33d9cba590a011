import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SignalMaskCall } from '../calls.ts'
import { askedRules } from '../where-recorded.ts'
import { aSignalMask } from '../witnesses.ts'

export const sigmaskHeader = rule<SignalMaskCall>({
  id: 'sigmask-header',
  catalogue: 'sigmask',
  says: 'the length must be readable',
  lifetime: always,
  errno: 'EFAULT',
  sources: [kernelSource('virt/kvm/kvm_main.c', 'kvm_vcpu_ioctl', '6.12.117'), askedRules],
  evidence: 'recorded',
  refuses: ({ address }) => address === 'faults',
  witness: { refused: aSignalMask({ address: 'faults' }), accepted: aSignalMask({ address: 'null' }) },
})
