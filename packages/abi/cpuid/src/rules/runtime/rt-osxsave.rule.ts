import { behaviour, since, until } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import { entry } from '../../entry.ts'
import { asked } from '../set-cpuid/where-read.ts'
import { aHost, aRuntimeUpdate } from './a-runtime-update.ts'
import { followBit } from './follow-bit.ts'
import type { RuntimeUpdate } from './runtime-state.ts'

const version = [entry(1, { ecx: 1 << 27 })]
const cleared = [entry(1, { ecx: 0 })]

const follow = (input: RuntimeUpdate) =>
  followBit(input, { leaf: 1, register: 'ecx', bit: 27 }, input.registers.cr4, 18)

/** CPUID.1:ECX[27]. */
export const rtOsxsave = behaviour({
  id: 'rt-osxsave',
  catalogue: 'rt-osxsave',
  says: 'OSXSAVE in CPUID.1:ECX follows CR4.OSXSAVE',
  sources: [kernelSource('arch/x86/kvm/cpuid.c', 'kvm_update_cpuid_runtime', '6.12'), asked],
  evidence: 'recorded',
  versions: [
    {
      lifetime: until('6.14'),
      says: 'only where the host has XSAVE',
      does: (input: RuntimeUpdate) => (input.host.xsave ? follow(input) : input.table),
      witness: { in: aRuntimeUpdate(version, { host: { ...aHost, xsave: false } }), out: version },
    },
    {
      lifetime: since('6.14'),
      sources: [
        commit('1f66590d7ff0', 'KVM: x86: Update OS{XSAVE,PKE} bits in guest CPUID irrespective of host support'),
      ],
      does: follow,
      witness: { in: aRuntimeUpdate(version, { host: { ...aHost, xsave: false } }), out: cleared },
    },
  ],
})
