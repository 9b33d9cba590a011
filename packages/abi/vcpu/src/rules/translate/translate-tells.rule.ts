import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { TranslateCall } from '../calls.ts'
import { askedRules } from '../where-recorded.ts'

export const translateTells = behaviour<TranslateCall, TranslateCall>({
  id: 'translate-tells',
  catalogue: 'translate',
  says: 'what is not mapped is told as all ones, and whether it can be written, and by whom, not at all',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_ioctl_translate', '6.12.117'), askedRules],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: (call) => ({
        ...call,
        told: {
          physical: call.physical ?? 0xffff_ffff_ffff_ffffn,
          valid: call.physical === undefined ? 0 : 1,
          writeable: 1,
          usermode: 0,
        },
      }),
      witness: {
        in: { physical: undefined, told: { physical: 0n, valid: 0, writeable: 0, usermode: 0 } },
        out: {
          physical: undefined,
          told: { physical: 0xffff_ffff_ffff_ffffn, valid: 0, writeable: 1, usermode: 0 },
        },
      },
    },
  ],
})
