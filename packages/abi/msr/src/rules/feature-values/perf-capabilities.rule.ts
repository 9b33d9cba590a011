import { behaviour, between, since } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import { type FeatureHost, plainHost } from './host.ts'

const fullWidth = 1n << 13n
const branchFormat = 0x3fn
/** PEBS_TRAP, PEBS_ARCH_REG, PEBS_FORMAT. Adaptive sampling, bit 14, is not passed on by the last release of any series. */
const samplingBits = 0xfc0n

const talkative: FeatureHost = {
  ...plainHost,
  branchRecords: true,
  sampling: true,
  readMsr: (index) => (index === 0x345 ? 0x7fffn : undefined),
}

const tell = (host: FeatureHost, passedOn: bigint): bigint => {
  if (!host.pmu || host.module !== 'kvm_intel') return 0n
  return fullWidth | ((host.readMsr(0x345) ?? 0n) & passedOn)
}
const branchesOf = ({ branchRecords }: FeatureHost) => (branchRecords ? branchFormat : 0n)
const samplingOf = ({ sampling }: FeatureHost) => (sampling ? samplingBits : 0n)

export const perfCapabilities = behaviour<FeatureHost, bigint>({
  id: 'perf-capabilities',
  catalogue: 'perf-cap',
  says: 'IA32_PERF_CAPABILITIES tells of full-width writes, and of the host’s formats of branch and sampling records',
  sources: [kernelSource('arch/x86/kvm/vmx/vmx.c', 'vmx_get_perf_capabilities', '6.12')],
  evidence: 'source',
  versions: [
    {
      lifetime: between('5.8', '5.12'),
      says: 'of full-width writes alone',
      sources: [commit('27461da31089', 'KVM: x86/pmu: Support full width counting')],
      does: (host) => tell(host, 0n),
      witness: { in: talkative, out: fullWidth },
    },
    {
      lifetime: between('5.12', '6.0'),
      says: 'and of branch records',
      does: (host) => tell(host, branchesOf(host)),
      witness: { in: talkative, out: fullWidth | branchFormat },
    },
    {
      lifetime: since('6.0'),
      does: (host) => tell(host, branchesOf(host) | samplingOf(host)),
      witness: { in: talkative, out: fullWidth | branchFormat | samplingBits },
    },
  ],
})
