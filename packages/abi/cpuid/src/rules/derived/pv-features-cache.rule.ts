import { behaviour, between, since } from '@vmm/rule'
import { commit } from '@vmm/source'
import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import { findHypervisor } from '../hypervisor-base.ts'
import { findLeaf } from '../kernel-lookup.ts'
import { kvmLeavesAt } from '../runtime/a-runtime-update.ts'
import { aCall } from '../set-cpuid/a-call.ts'
import { after612, after616 } from '../set-cpuid/where-read.ts'
import { derived } from './derive.ts'

const word = ({ stored, lookup }: SetCpuidCall, base: number) =>
  base === 0 ? undefined : findLeaf(stored, (base | 1) >>> 0, lookup)?.eax

const had = derived(aCall(), { pvFeatures: 5 })
const moved = aCall({ stored: kvmLeavesAt(0x4000_0100, 9), kvmBase: { base: 0x4000_0100, limit: 0x4000_0101 } })

/** What KVM_CAP_ENFORCE_PV_FEATURE_CPUID enforces. */
export const pvFeaturesCache = behaviour<SetCpuidCall, SetCpuidCall>({
  id: 'pv-features-cache',
  catalogue: 'pv-features-cache',
  says: 'KVM remembers the word of its feature leaf',
  sources: [
    commit('66570e966dd9', "kvm: x86: only provide PV features if enabled in guest's CPUID"),
    after612,
    after616,
  ],
  evidence: 'source',
  versions: [
    {
      lifetime: between('5.10', '5.16'),
      says: 'of 40000001H, whatever is there; without it the old word stays',
      bug: "leaves moved to make room for Hyper-V's were not found, and a word outlived its leaf",
      does: (call) => derived(call, { pvFeatures: word(call, 0x4000_0000) ?? call.derived.pvFeatures }),
      witness: { in: had, out: had },
    },
    {
      lifetime: between('5.16', '6.14'),
      says: 'where its signature is; without it the old word stays',
      bug: 'a word outlived its leaf',
      does: (call) => derived(call, { pvFeatures: word(call, call.kvmBase.base) ?? call.derived.pvFeatures }),
      witness: { in: moved, out: derived(moved, { pvFeatures: 9 }) },
    },
    {
      lifetime: since('6.14'),
      says: 'where its signature is; 0 without it',
      sources: [commit('63d8c702c2d4', 'KVM: x86: Clear PV_UNHALT for !HLT-exiting only when userspace sets CPUID')],
      does: (call) =>
        derived(call, { pvFeatures: word(call, findHypervisor(call.stored, 'kvm', call.lookup).base) ?? 0 }),
      witness: { in: had, out: derived(had, { pvFeatures: 0 }) },
    },
  ],
})
