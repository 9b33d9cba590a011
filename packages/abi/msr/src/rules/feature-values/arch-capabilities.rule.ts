import { behaviour, between, since, until } from '@vmm/rule'
import { commit, kernelSource, spec } from '@vmm/source'
import { type FeatureHost, plainHost } from './host.ts'

const bit = (at: number): bigint => 1n << BigInt(at)
const taaNo = bit(8)
const tsxCtrl = bit(7)
const fbClearCtrl = bit(18)

/** What KVM passes on; the others speak of MSRs that it does not virtualize. Source: KVM_SUPPORTED_ARCH_CAP. */
const passedOn = [0, 1, 2, 3, 4, 5, 6, 7, 8, 13, 14, 15, 17, 19, 20, 24, 26, 27, 28, 62].reduce(
  (mask, at) => mask | bit(at),
  0n,
)

const withTsx: FeatureHost = {
  ...plainHost,
  readMsr: (index) => (index === 0x10a ? tsxCtrl | fbClearCtrl | taaNo : undefined),
}

/** IF_PSCHANGE_MC_NO, SKIP_L1DFL_VMENTRY, RDCL_NO, SSB_NO, MDS_NO, GDS_NO, RFDS_NO, ITS_NO. */
const told = [6, 3, 0, 4, 5, 26, 27, 62].reduce((mask, at) => mask | bit(at), 0n)

/**
 * IA32_ARCH_CAPABILITIES as KVM tells of it. The bits of a flaw came to every series with its mitigation: this is how the
 * last release of each has them.
 */
export const archCapabilities = behaviour<FeatureHost, bigint>({
  id: 'arch-capabilities',
  catalogue: 'arch-cap',
  says: 'IA32_ARCH_CAPABILITIES tells what of the host’s a guest can rely on, and more where the host’s kernel knows better',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_get_arch_capabilities', '6.12')],
  evidence: 'source',
  versions: [
    {
      lifetime: until('5.5'),
      says: 'all that the host has, but for two controls',
      sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_get_arch_capabilities', '5.4.225')],
      does: (host) => tell(host, ~(tsxCtrl | fbClearCtrl)),
      witness: { in: withTsx, out: told },
    },
    {
      lifetime: between('5.5', '6.0', { '5.15': { until: undefined }, '5.19': { until: '5.19.8' } }),
      says: 'all that the host has, but for the control of fill buffers',
      sources: [commit('c11f83e0626b', 'KVM: vmx: implement MSR_IA32_TSX_CTRL disable RTM functionality')],
      does: (host) => tell(host, ~fbClearCtrl),
      witness: { in: withTsx, out: told | tsxCtrl },
    },
    {
      lifetime: since('6.0', { '5.19': '5.19.8' }),
      sources: [spec('ChangeLog-5.19.8', 'KVM: x86: Mask off unsupported and unknown bits of IA32_ARCH_CAPABILITIES')],
      does: (host) => tell(host, passedOn),
      witness: { in: withTsx, out: told | tsxCtrl },
    },
  ],
})

function tell({ readMsr, bugs, rtm, flushesBeforeEntry, gathersMitigated }: FeatureHost, mask: bigint): bigint {
  const free = (flaw: Parameters<typeof bugs.has>[0], at: number) => (bugs.has(flaw) ? 0n : bit(at))
  const own = (readMsr(0x10a) ?? 0n) & BigInt.asUintN(64, mask)
  const known =
    bit(6) |
    (flushesBeforeEntry ? bit(3) : 0n) |
    free('meltdown', 0) |
    free('ssb', 4) |
    free('mds', 5) |
    free('rfds', 27) |
    free('its', 62)
  const value = own | known | (!bugs.has('gds') || gathersMitigated ? bit(26) : 0n)
  if (!rtm) return value & ~taaNo
  return bugs.has('taa') ? value : value | taaNo
}
