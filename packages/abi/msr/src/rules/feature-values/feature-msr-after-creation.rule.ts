import { behaviour, since, until } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'

/** A feature MSR of a vCPU that nobody has written yet. */
export interface FreshFeatureMsr {
  readonly index: number
  readonly module: 'kvm_intel' | 'kvm_amd'
  /** What KVM tells of it for the whole system; none where it does not. */
  readonly told: bigint | undefined
  /** KVM_X86_QUIRK_STUFF_FEATURE_MSRS was not disabled. */
  readonly quirk: boolean
}

const full: FreshFeatureMsr = { index: 0x10a, module: 'kvm_intel', told: 0x48n, quirk: true }

/** What KVM_GET_MSRS of a new vCPU reads. */
export const featureMsrAfterCreation = behaviour<FreshFeatureMsr, bigint>({
  id: 'feature-msr-after-creation',
  catalogue: 'feature-msr-reset',
  says: 'a new vCPU has every feature that KVM can give, unless the quirk is disabled: then it has none',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_create', '6.12.117')],
  evidence: 'source',
  versions: [
    {
      lifetime: until('6.13', { '6.12': { until: '6.12.78' } }),
      says: 'always the most',
      sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_create', '6.1')],
      does: stuffed,
      witness: { in: { ...full, quirk: false }, out: 0x48n },
    },
    {
      lifetime: since('6.13', { '6.12': '6.12.78' }),
      sources: [commit('dcb988cdac85', "KVM: x86: Quirk initialization of feature MSRs to KVM's max configuration")],
      does: (fresh) => (fresh.quirk ? stuffed(fresh) : 0n),
      witness: { in: { ...full, quirk: false }, out: 0n },
    },
  ],
})

/** The microcode revision is one of each vendor's first that mattered; DE_CFG starts at 0. */
function stuffed({ index, module, told }: FreshFeatureMsr): bigint {
  if (index === 0xc001_1029) return 0n
  if (index === 0x8b) return module === 'kvm_intel' ? 1n << 32n : 0x0100_0065n
  if (index === 0xce) return 1n << 31n
  return told ?? 0n
}
