import { behaviour, since, until } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import { entry } from '../../entry.ts'
import { asked } from '../set-cpuid/where-read.ts'
import { aHost, aRuntimeUpdate } from './a-runtime-update.ts'
import { followBit } from './follow-bit.ts'
import type { RuntimeUpdate } from './runtime-state.ts'

const features = [entry(7, { ecx: 1 << 4 }, 0)]
const cleared = [entry(7, { ecx: 0 }, 0)]

const follow = (input: RuntimeUpdate) =>
  followBit(input, { leaf: 7, index: 0, register: 'ecx', bit: 4 }, input.registers.cr4, 22)

/** CPUID.7.0:ECX[4]. */
export const rtOspke = behaviour({
  id: 'rt-ospke',
  catalogue: 'rt-ospke',
  says: 'OSPKE in CPUID.7.0:ECX follows CR4.PKE',
  sources: [kernelSource('arch/x86/kvm/cpuid.c', 'kvm_update_cpuid_runtime', '6.12'), asked],
  evidence: 'recorded',
  versions: [
    {
      lifetime: until('6.14'),
      says: 'only where the host has PKU',
      does: (input: RuntimeUpdate) => (input.host.pku ? follow(input) : input.table),
      witness: { in: aRuntimeUpdate(features, { host: { ...aHost, pku: false } }), out: features },
    },
    {
      lifetime: since('6.14'),
      sources: [
        commit('1f66590d7ff0', 'KVM: x86: Update OS{XSAVE,PKE} bits in guest CPUID irrespective of host support'),
      ],
      does: follow,
      witness: { in: aRuntimeUpdate(features, { host: { ...aHost, pku: false } }), out: cleared },
    },
  ],
})
