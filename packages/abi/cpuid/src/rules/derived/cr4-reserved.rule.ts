import { behaviour, between, since, until } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import type { Feature } from '../../all.ts'
import { type CpuidTable, entry } from '../../entry.ts'
import { type FeaturePlace, placeOf } from '../../feature.ts'
import { hasAt } from '../../has.ts'
import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import { aCall } from '../set-cpuid/a-call.ts'
import { derived } from './derive.ts'

type Needs = readonly { readonly mask: number; readonly place: FeaturePlace }[]

const needing = (rows: readonly (readonly [bit: number, feature: Feature])[]): Needs =>
  rows.map(([bit, feature]) => ({ mask: 1 << bit, place: placeOf(feature) }))

/** CR4 bits that need a feature in KVM's eyes. */
const needs = needing([
  [11, 'UMIP'],
  [12, 'LA57'],
  [13, 'VMX'],
  [16, 'FSGSBASE'],
  [17, 'PCID'],
  [18, 'XSAVE'],
  [20, 'SMEP'],
  [21, 'SMAP'],
  [22, 'PKU'],
])
const withLam = needing([[28, 'LAM']])
const withLamAndCet = needing([
  [28, 'LAM'],
  [23, 'CET_SS'],
  [23, 'CET_IBT'],
])

/** VME, PVI, TSD, DE, PSE, PAE, MCE, PGE, PCE, OSFXSR and OSXMMEXCPT, which every guest can set. */
const free = 0x7ff

function reserved(table: CpuidTable, also: Needs): bigint {
  let usable = free
  for (const { mask, place } of needs) if (hasAt(table, place)) usable |= mask
  for (const { mask, place } of also) if (hasAt(table, place)) usable |= mask
  return 0xffff_ffff_ffff_ffffn ^ BigInt(usable)
}

const decides = ({ derived: { capabilities }, stored }: SetCpuidCall) => capabilities ?? stored

const masking = aCall({
  stored: [entry(7, { eax: 1, ebx: 1 << 7, ecx: 1 << 7 }, 0), entry(7, { eax: 1 << 26 }, 1)],
})
const without = (...bits: readonly bigint[]) =>
  derived(masking, { cr4Reserved: bits.reduce((all, bit) => all & ~(1n << bit), 0xffff_ffff_ffff_f800n) })

/** A CR4 that already has such a bit is not looked at again. */
export const cr4Reserved = behaviour<SetCpuidCall, SetCpuidCall>({
  id: 'cr4-reserved',
  catalogue: 'set-cpuid-side-effects',
  says: 'CR4 bits of features that the guest does not have are reserved',
  sources: [kernelSource('arch/x86/kvm/x86.h', '__cr4_reserved_bits', '6.12')],
  evidence: 'source',
  versions: [
    {
      lifetime: until('6.8'),
      sources: [kernelSource('arch/x86/kvm/x86.h', '__cr4_reserved_bits', '6.1.192')],
      does: (call) => derived(call, { cr4Reserved: reserved(decides(call), []) }),
      witness: { in: masking, out: without(20n) },
    },
    {
      lifetime: between('6.8', '6.18'),
      says: 'LAM among them',
      does: (call) => derived(call, { cr4Reserved: reserved(decides(call), withLam) }),
      witness: { in: masking, out: without(20n, 28n) },
    },
    {
      lifetime: since('6.18'),
      says: 'LAM and CET among them',
      sources: [commit('338543cbe033', 'KVM: x86: Check XSS validity against guest CPUIDs')],
      does: (call) => derived(call, { cr4Reserved: reserved(decides(call), withLamAndCet) }),
      witness: { in: masking, out: without(20n, 23n, 28n) },
    },
  ],
})
