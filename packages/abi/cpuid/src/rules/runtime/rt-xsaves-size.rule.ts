import { behaviour, between, since, until } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import { type CpuidTable, entry } from '../../entry.ts'
import { compactedXsaveSize } from '../../xsave.ts'
import { amended, placeOfSubleaf } from '../kernel-lookup.ts'
import { asked } from '../set-cpuid/where-read.ts'
import { aRuntimeUpdate } from './a-runtime-update.ts'
import type { HostComponent, RuntimeUpdate, ShownRegisters } from './runtime-state.ts'

/** XSAVEC and XSAVES in CPUID.D.1:EAX. */
const compacts = 0b1010

type Size = (registers: ShownRegisters & { readonly xcr0: bigint }, components: readonly HostComponent[]) => number

function resize({ table, shown, lookup, registers, host }: RuntimeUpdate, size: Size): CpuidTable {
  const place = placeOfSubleaf(table, 0xd, 1, lookup)
  const found = table[place]
  if (found === undefined || (found.eax & compacts) === 0) return table
  const { xcr0 } = registers
  if (xcr0 !== undefined) return amended(table, place, { ebx: size({ ...registers, xcr0 }, host.components) })
  const current = shown[placeOfSubleaf(shown, 0xd, 1, lookup)]
  return current === undefined ? table : amended(table, place, { ebx: current.ebx })
}

const packed = (components: readonly HostComponent[]) =>
  components.map((component) => ({ ...component, aligned: 'packed' as const }))

const subleaf = (ebx: number): CpuidTable => [entry(0xd, { eax: compacts, ebx }, 1)]

/** CPUID.D.1:EBX. */
export const rtXsavesSize = behaviour({
  id: 'rt-xsaves-size',
  catalogue: 'rt-xsave-size',
  says: 'CPUID.D.1:EBX is the size of the compacted XSAVE area, where the table has XSAVEC or XSAVES',
  sources: [kernelSource('arch/x86/kvm/cpuid.c', 'xstate_required_size', '6.12'), asked],
  evidence: 'recorded',
  versions: [
    {
      lifetime: until('5.17'),
      says: 'for XCR0, every component right after the one before',
      bug: 'components that must be aligned to 64 bytes were not',
      does: (input: RuntimeUpdate) =>
        resize(input, ({ xcr0 }, components) => compactedXsaveSize(xcr0, packed(components))),
      witness: { in: aRuntimeUpdate(subleaf(0), { registers: { xcr0: 0x4_0207n } }), out: subleaf(9032) },
    },
    {
      lifetime: between('5.17', '6.18'),
      says: 'for XCR0',
      sources: [commit('cc04b6a21d43', 'kvm: x86: Fix xstate_required_size() to follow XSTATE alignment rule')],
      does: (input: RuntimeUpdate) => resize(input, ({ xcr0 }, components) => compactedXsaveSize(xcr0, components)),
      witness: { in: aRuntimeUpdate(subleaf(0), { registers: { xcr0: 0x4_0207n, xss: 0x800n } }), out: subleaf(9088) },
    },
    {
      lifetime: since('6.18'),
      says: 'for XCR0 and IA32_XSS',
      sources: [commit('9622e116d0d2', 'KVM: x86: Refresh CPUID on write to guest MSR_IA32_XSS')],
      does: (input: RuntimeUpdate) =>
        resize(input, ({ xcr0, xss = 0n }, components) => compactedXsaveSize(xcr0 | xss, components)),
      witness: { in: aRuntimeUpdate(subleaf(0), { registers: { xcr0: 7n, xss: 0x800n } }), out: subleaf(848) },
    },
  ],
})
