import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { entry } from '../../entry.ts'
import { asked } from '../set-cpuid/where-read.ts'
import { aRuntimeUpdate } from './a-runtime-update.ts'
import { followBit } from './follow-bit.ts'
import type { RuntimeUpdate } from './runtime-state.ts'

/** CPUID.1:EDX[9]. */
export const rtApic = behaviour({
  id: 'rt-apic',
  catalogue: 'rt-apic',
  says: 'APIC in CPUID.1:EDX follows the enable bit of IA32_APIC_BASE',
  sources: [kernelSource('arch/x86/kvm/cpuid.c', 'kvm_update_cpuid_runtime', '6.12'), asked],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: (input: RuntimeUpdate) =>
        followBit(input, { leaf: 1, register: 'edx', bit: 9 }, input.registers.apicBase, 11),
      witness: { in: aRuntimeUpdate([entry(1, {})]), out: [entry(1, { edx: 1 << 9 })] },
    },
  ],
})
