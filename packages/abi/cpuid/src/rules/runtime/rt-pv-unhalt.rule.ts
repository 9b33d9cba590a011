import { behaviour, between, since, until } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import type { CpuidTable } from '../../entry.ts'
import { findHypervisor } from '../hypervisor-base.ts'
import { amended, placeOfLeaf, withBit } from '../kernel-lookup.ts'
import { asked } from '../set-cpuid/where-read.ts'
import { aRuntimeUpdate, kvmLeavesAt } from './a-runtime-update.ts'
import type { RuntimeUpdate } from './runtime-state.ts'

const pvUnhalt = 7

function clear({ table, vm, lookup }: RuntimeUpdate, base: number): CpuidTable {
  if (!vm.hltInGuest || base === 0) return table
  const place = placeOfLeaf(table, (base | 1) >>> 0, lookup)
  const found = table[place]
  return found === undefined ? table : amended(table, place, { eax: withBit(found.eax, pvUnhalt, false) })
}

const clearAtOwnBase = (input: RuntimeUpdate) =>
  input.vm.hltInGuest ? clear(input, findHypervisor(input.table, 'kvm', input.lookup).base) : input.table

const vm = { hltInGuest: true, mwaitFollows: false }
const moved = kvmLeavesAt(0x4000_0100, 1 << pvUnhalt)
const movedCleared = kvmLeavesAt(0x4000_0100, 0)

/** KVM_FEATURE_PV_UNHALT. */
export const rtPvUnhalt = behaviour({
  id: 'rt-pv-unhalt',
  catalogue: 'rt-pv-unhalt',
  says: 'where HLT does not exit, KVM_FEATURE_PV_UNHALT is cleared in the feature leaf',
  sources: [kernelSource('arch/x86/kvm/cpuid.c', '__kvm_update_cpuid_runtime', '6.12'), asked],
  evidence: 'recorded',
  versions: [
    {
      lifetime: until('5.16'),
      says: 'at 40000001H, whatever is there',
      sources: [kernelSource('arch/x86/kvm/cpuid.c', 'kvm_update_cpuid_runtime', '5.16-rc1')],
      bug: "leaves moved to make room for Hyper-V's were not found",
      does: (input: RuntimeUpdate) => clear(input, 0x4000_0000),
      witness: { in: aRuntimeUpdate(moved, { vm }), out: moved },
    },
    {
      lifetime: between('5.16', '6.9'),
      says: 'where the vCPU remembers its leaves to be',
      sources: [
        commit('760849b1476c', 'KVM: x86: Make sure KVM_CPUID_FEATURES really are KVM_CPUID_FEATURES'),
        commit('ee3a5f9e3d9b', 'KVM: x86: Do runtime CPUID update before updating vcpu->arch.cpuid_entries'),
      ],
      bug: 'since 5.16.3 that is what the call before found, so the first call cleared nothing',
      does: (input: RuntimeUpdate) => clear(input, input.kvmBase.base),
      witness: { in: aRuntimeUpdate(moved, { vm }), out: moved },
    },
    {
      lifetime: since('6.9'),
      says: 'where the table itself has its leaves',
      sources: [commit('4736d85f0d18', 'KVM: x86: Use actual kvm_cpuid.base for clearing KVM_FEATURE_PV_UNHALT')],
      does: clearAtOwnBase,
      witness: { in: aRuntimeUpdate(moved, { vm }), out: movedCleared },
    },
  ],
})
