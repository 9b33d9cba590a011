import { behaviour, since, until } from '@vmm/rule'
import { kernelDoc, kernelSource } from '@vmm/source'
import type { MwaitCall, MwaitOutcome } from '../calls.ts'

const unlisted: MwaitCall = { exits: true, listed: false, quirk: false }

export const mwaitDoesNothing = behaviour<MwaitCall, MwaitOutcome>({
  id: 'mwait-does-nothing',
  catalogue: 'enable-cap-vm',
  says: 'MONITOR and MWAIT that come to KVM do nothing, whether the guest’s CPUID has them or not',
  sources: [
    kernelDoc('Documentation/virt/kvm/api.rst', 'KVM_X86_QUIRK_MWAIT_NEVER_UD_FAULTS'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_emulate_monitor_mwait', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_emulate_monitor_mwait', '6.1.192'),
  ],
  evidence: 'source',
  versions: [
    {
      lifetime: until('6.0'),
      does: ({ exits }) => (exits ? 'nothing' : 'works'),
      witness: { in: unlisted, out: 'nothing' },
    },
    {
      lifetime: since('6.0'),
      says: 'where user space has switched that off, they are invalid opcodes to a guest whose CPUID lacks them',
      does: ({ exits, listed, quirk }) => {
        if (!exits) return 'works'
        return listed || quirk ? 'nothing' : 'invalid'
      },
      witness: { in: unlisted, out: 'invalid' },
    },
  ],
})
