import { behaviour, between, since, until } from '@vmm/rule'
import { apm, commit, kernelSource, mail } from '@vmm/source'

/** VMLOAD or VMSAVE of L2, and what decides who executes it. */
export interface L2Vmload {
  /** L1 intercepts it: INTERCEPT_WORD4 of its VMCB. */
  readonly intercepted: boolean
  /** L1 virtualizes it: bit 1 of VIRT_EXT of its VMCB. */
  readonly virtualized: boolean
  /** L1 has nested paging for L2: NESTED_CTL of its VMCB. */
  readonly nestedPaging: boolean
  /** L1's CPUID has V_VMSAVE_VMLOAD. */
  readonly offered: boolean
  /** The processor virtualizes it for L1, which then has no intercept of KVM's own: kvm_amd.vls, and no CPUID of Intel's. */
  readonly virtualizedForL1: boolean
}

/**
 * L1, whose #VMEXIT it is; KVM, which does it on L1's memory; or the processor, by L1's page tables, or by none: on memory of the
 * host.
 */
export type VmloadBy = 'L1' | 'KVM' | 'processor' | 'processor, on host memory'

const unasked: L2Vmload = {
  intercepted: false,
  virtualized: false,
  nestedPaging: true,
  offered: true,
  virtualizedForL1: true,
}

const virtualizedEdge = { absentIn: '5.15', presentIn: '6.1' } as const
const backports = {
  '4.14': '4.14.245',
  '4.19': '4.19.205',
  '5.4': 'unread',
  '5.10': '5.10.60',
  '5.13': '5.13.12',
} as const

const byKvm = ({ intercepted }: L2Vmload): VmloadBy => (intercepted ? 'L1' : 'KVM')

/** Who executes VMLOAD and VMSAVE of L2. */
export const svmVmloadVirt = behaviour<L2Vmload, VmloadBy>({
  id: 'svm-vmload-virt',
  catalogue: 'svm-vmload-virt',
  says: 'VMLOAD and VMSAVE of an L2 whose L1 lets them pass are executed as if they were L1’s own',
  sources: [
    apm('2', '15.33.1', 'VMSAVE and VMLOAD Virtualization'),
    kernelSource('arch/x86/kvm/svm/nested.c', 'nested_vmcb_needs_vls_intercept', '6.12.117'),
    kernelSource('arch/x86/kvm/svm/nested.c', 'recalc_intercepts', '6.1.192'),
    commit('c7dfa4009965', 'KVM: nSVM: always intercept VMLOAD/VMSAVE when nested (CVE-2021-3656)'),
    mail('20210826132648.804900-1-sashal@kernel.org', 'Linux 4.14.245'),
  ],
  evidence: 'source',
  versions: [
    {
      lifetime: until('5.14', {
        '4.14': { until: '4.14.245' },
        '4.19': { until: '4.19.205' },
        '5.4': 'unread',
        '5.10': { until: '5.10.60' },
        '5.13': { until: '5.13.12' },
      }),
      does: (call) => {
        if (call.intercepted || !call.virtualizedForL1) return byKvm(call)
        return 'processor, on host memory'
      },
      witness: { in: unasked, out: 'processor, on host memory' },
    },
    {
      lifetime: between('5.14', virtualizedEdge, backports),
      says: 'KVM does them, on L1’s memory',
      does: byKvm,
      witness: { in: { ...unasked, virtualized: true }, out: 'KVM' },
    },
    {
      lifetime: since(virtualizedEdge),
      says: 'KVM does them, on L1’s memory, unless L1 has them virtualized and has nested paging',
      does: (call) => {
        const { intercepted, virtualized, nestedPaging, offered } = call
        return !intercepted && virtualized && nestedPaging && offered ? 'processor' : byKvm(call)
      },
      witness: { in: { ...unasked, virtualized: true }, out: 'processor' },
    },
  ],
})
