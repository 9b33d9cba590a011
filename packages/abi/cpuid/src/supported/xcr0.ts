import { type Behaviour, behaviour, between, deedInForce, since, until } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import { xsaveComponents } from '../xsave-components.rows.ts'
import { conditions } from './conditions.ts'
import { type Reporting, rawAnswer, reportedOf } from './reporting.ts'

const bitOf = (bit: number) => 1n << BigInt(bit)
const legacyAndAvx = 0b111n
const bounds = bitOf(3) | bitOf(4)
const avx512 = bitOf(5) | bitOf(6) | bitOf(7)
const protectionKeys = bitOf(9)
const tileConfiguration = bitOf(17)
const tileData = bitOf(18)
const shadowStacks = bitOf(11) | bitOf(12)

/** What decides the components a guest may have. */
export interface Components {
  /** What the host's kernel has in XCR0. */
  readonly enabled: bigint
  /** Dynamic components the process may pass on. */
  readonly permitted: bigint
}

const known = legacyAndAvx | bounds | avx512 | protectionKeys
const both = { enabled: known | tileConfiguration | tileData, permitted: 0n }

/** Which components of XCR0 KVM reports. */
export const reportedComponents: Behaviour<Components, bigint> = behaviour({
  id: 'supported-xcr0',
  catalogue: 'supported-cpuid-feature-rules',
  says: 'A component of XCR0 is reported when KVM knows it, the host uses it, and the process may pass it on',
  sources: [kernelSource('arch/x86/kvm/x86.h', 'kvm_get_filtered_xcr0', '6.12.117')],
  evidence: 'source',
  versions: [
    {
      lifetime: until('5.17'),
      says: 'Tiles are unknown',
      does: ({ enabled }) => enabled & known,
      witness: { in: both, out: known },
    },
    {
      lifetime: between('5.17', '6.4'),
      says: 'Tile configuration is reported even where tile data is not permitted',
      sources: [commit('690a757d610e', 'kvm: x86: Add CPUID support for Intel AMX')],
      bug: 'XCR0 cannot hold one without the other',
      does: ({ enabled, permitted }) => enabled & (known | tileConfiguration | (tileData & permitted)),
      witness: { in: both, out: known | tileConfiguration },
    },
    {
      lifetime: since('6.4'),
      says: 'Tile configuration goes with tile data',
      sources: [commit('55cd57b596e8', "KVM: x86: Filter out XTILE_CFG if XTILE_DATA isn't permitted")],
      does: ({ enabled, permitted }) =>
        enabled & (known | ((tileData & permitted) === 0n ? 0n : tileConfiguration | tileData)),
      witness: { in: both, out: known },
    },
  ],
})

/** The components of XCR0 that KVM_GET_SUPPORTED_CPUID reports. */
export function supportedXcr0(reporting: Reporting): bigint {
  const input = { enabled: enabledComponents(reporting), permitted: reporting.permitted }
  return deedInForce(reportedComponents, reporting.profile)?.(input) ?? 0n
}

/** The components of IA32_XSS that it reports: those of control-flow enforcement. */
export function supportedXss(reporting: Reporting): bigint {
  const { ecx, edx } = rawAnswer(reporting, 0x0d, 1)
  const raw = (BigInt(edx) << 32n) | BigInt(ecx)
  const reported = reportedOf('CET_SS', reporting) === 'yes' || reportedOf('CET_IBT', reporting) === 'yes'
  return reported ? raw & shadowStacks : 0n
}

/** What the kernel of the host has in XCR0, and the vendor's module leaves. */
function enabledComponents(reporting: Reporting): bigint {
  const { host } = reporting
  if (host.cleared.has('XSAVE')) return 0n
  const { eax, edx } = rawAnswer(reporting, 0x0d, 0)
  const raw = (BigInt(edx) << 32n) | BigInt(eax)
  const unused = xsaveComponents.filter(({ needs }) => host.cleared.has(needs))
  const used = unused.reduce((mask, { bit }) => mask & ~bitOf(bit), raw)
  const withBounds = host.vendorModule === 'kvm_intel' && conditions['bounds are loaded on entry'](host)
  return withBounds ? used : used & ~bounds
}
