import { behaviour, since } from '@vmm/rule'
import { kernelSource, mail } from '@vmm/source'
import { entry } from '../../entry.ts'
import { asked } from '../set-cpuid/where-read.ts'
import { aRuntimeUpdate } from './a-runtime-update.ts'
import { followBit } from './follow-bit.ts'
import type { RuntimeUpdate } from './runtime-state.ts'

/** CPUID.1:ECX[3]. */
export const rtMwait = behaviour({
  id: 'rt-mwait',
  catalogue: 'rt-mwait',
  says: 'with KVM_X86_QUIRK_MISC_ENABLE_NO_MWAIT disabled, MONITOR in CPUID.1:ECX follows IA32_MISC_ENABLE[18]',
  sources: [
    kernelSource('arch/x86/kvm/cpuid.c', 'kvm_update_cpuid_runtime', '6.12'),
    mail('1558418814-6822-3-git-send-email-wanpengli@tencent.com', 'KVM: X86: Emulate MSR_IA32_MISC_ENABLE MWAIT bit'),
    asked,
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: since('5.3'),
      does: (input: RuntimeUpdate) =>
        input.vm.mwaitFollows
          ? followBit(input, { leaf: 1, register: 'ecx', bit: 3 }, input.registers.miscEnable, 18)
          : input.table,
      witness: {
        in: aRuntimeUpdate([entry(1, {})], {
          registers: { miscEnable: 1n << 18n },
          vm: { hltInGuest: false, mwaitFollows: true },
        }),
        out: [entry(1, { ecx: 1 << 3 })],
      },
    },
  ],
})
