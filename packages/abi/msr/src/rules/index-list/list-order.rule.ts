import { behaviour, since, until } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import type { ListRow } from './index-lists.rows.ts'

/** Which list, on a host with or without `enable_pmu`. */
export interface ListAsked {
  readonly list: 'saved' | 'features'
  readonly pmu: boolean
}

const featureParts = ['VMX features', 'features'] as const
const perfmonBeforeDynamic = ['saved', 'perfmon', 'dynamic', 'emulated'] as const

/** The parts of the lists, in order. */
export const listOrder = behaviour<ListAsked, readonly ListRow['part'][]>({
  id: 'list-order',
  catalogue: 'msr-index-list',
  says: 'MSRs saved from hardware come before those that KVM emulates, and a list is made when the module loads',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_init_msr_lists', '6.12')],
  evidence: 'recorded',
  versions: [
    {
      lifetime: until('6.3'),
      says: 'the counters stand in the middle, whether there is a PMU or not',
      sources: [kernelSource('arch/x86/kvm/x86.c', 'msrs_to_save_all', '6.1')],
      does: ({ list }) => (list === 'features' ? featureParts : perfmonBeforeDynamic),
      witness: { in: { list: 'saved', pmu: false }, out: ['saved', 'perfmon', 'dynamic', 'emulated'] },
    },
    {
      lifetime: since('6.3'),
      sources: [commit('c3531edc79a7', "KVM: x86/pmu: Don't tell userspace to save PMU MSRs if PMU is disabled")],
      does: afterPmu,
      witness: { in: { list: 'saved', pmu: false }, out: ['saved', 'dynamic', 'emulated'] },
    },
  ],
})

function afterPmu({ list, pmu }: ListAsked): readonly ListRow['part'][] {
  if (list === 'features') return featureParts
  return pmu ? ['saved', 'dynamic', 'perfmon', 'emulated'] : ['saved', 'dynamic', 'emulated']
}
