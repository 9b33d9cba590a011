import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { bankCount, raise, type SetMceCall, valid } from './machine-check.ts'

export const mceNoSuchBank = rule<SetMceCall>({
  id: 'mce-no-such-bank',
  catalogue: 'mce-inject',
  says: 'an error goes to a bank that the vCPU has, and its status is valid',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_x86_set_mce', '6.12')],
  evidence: 'recorded',
  refuses: ({ error, state }) => error.bank >= bankCount(state.mcgCap) || (error.status & valid) === 0n,
  witness: { refused: raise({ bank: 2 }), accepted: raise({ bank: 1 }) },
})
