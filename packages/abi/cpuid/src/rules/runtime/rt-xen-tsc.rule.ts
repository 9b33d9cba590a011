import { behaviour, between } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import { entry } from '../../entry.ts'
import { amended, placeOfSubleaf } from '../kernel-lookup.ts'
import { aRuntimeUpdate } from './a-runtime-update.ts'
import type { RuntimeUpdate } from './runtime-state.ts'

const time = 0x4000_0003

/** Xen's leaf 4, the one numbered 3. */
export const rtXenTsc = behaviour({
  id: 'rt-xen-tsc',
  catalogue: 'rt-list-complete',
  says: "a clock update writes the TSC's multiplier, shift and frequency into Xen's time leaf",
  sources: [
    kernelSource('arch/x86/kvm/xen.c', 'kvm_xen_update_tsc_info', '6.12'),
    commit('f422f853af03', 'KVM: x86/xen: update Xen CPUID Leaf 4 (tsc info) sub-leaves, if present'),
    commit('a2b00f85d783', 'KVM: x86: Update Xen TSC leaves during CPUID emulation'),
  ],
  evidence: 'source',
  versions: [
    {
      lifetime: between('6.3', '6.15'),
      bug: 'the same table set again differs in these leaves, and is refused',
      does: ({ table, lookup, registers, xenBase }: RuntimeUpdate) => {
        const leaf = (xenBase.base | 3) >>> 0
        const { tsc } = registers
        if (tsc === undefined || xenBase.base === 0 || leaf > xenBase.limit) return table
        const scaled = amended(table, placeOfSubleaf(table, leaf, 1, lookup), { ecx: tsc.multiplier, edx: tsc.shift })
        return amended(scaled, placeOfSubleaf(scaled, leaf, 2, lookup), { eax: tsc.kHz })
      },
      witness: {
        in: aRuntimeUpdate([entry(time, {}, 1), entry(time, {}, 2)], {
          registers: { tsc: { multiplier: 5, shift: 1, kHz: 2_000_000 } },
          xenBase: { base: 0x4000_0000, limit: time },
        }),
        out: [entry(time, { ecx: 5, edx: 1 }, 1), entry(time, { eax: 2_000_000 }, 2)],
      },
    },
  ],
})
