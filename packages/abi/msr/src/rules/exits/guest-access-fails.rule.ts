import { behaviour, since, until } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import {
  type FailedGuestAccess,
  type GuestMsrOutcome,
  generalProtection,
  type MsrFailure,
  reasonFilter,
  reasonInvalid,
  reasonUnknown,
  unknownWrite,
} from './exit.ts'

export const guestAccessFails = behaviour<FailedGuestAccess, GuestMsrOutcome>({
  id: 'guest-access-fails',
  catalogue: 'user-msr-exit',
  says: 'an access that fails exits to user space if it wants to hear of the reason, and else is a general-protection fault',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_msr_user_space', '6.12')],
  evidence: 'recorded',
  versions: [
    {
      lifetime: until('5.10'),
      says: 'it always is a fault',
      sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_emulate_wrmsr', '5.4.225')],
      does: () => generalProtection,
      witness: { in: { ...unknownWrite, mask: 2 }, out: generalProtection },
    },
    {
      lifetime: since('5.10'),
      sources: [commit('1ae099540e8c', 'KVM: x86: Allow deflecting unknown MSR accesses to user space')],
      does: exitOrFault,
      witness: {
        in: { ...unknownWrite, mask: 2 },
        out: { kind: 'exit', reason: 'x86-wrmsr', msr: { reason: 2, index: 0x999, data: 7n, error: 0 } },
      },
    },
  ],
})

function exitOrFault({ access, index, data, failure, mask }: FailedGuestAccess): GuestMsrOutcome {
  const reason = reasonOf(failure)
  if ((mask & reason) !== 0) {
    const written = access === 'write' ? data : 0n
    return {
      kind: 'exit',
      reason: access === 'read' ? 'x86-rdmsr' : 'x86-wrmsr',
      msr: { reason, index, data: written, error: 0 },
    }
  }
  return generalProtection
}

function reasonOf(failure: MsrFailure): number {
  if (failure === 'unsupported') return reasonUnknown
  return failure === 'filtered' ? reasonFilter : reasonInvalid
}
