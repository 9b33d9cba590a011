import { behaviour, between, since, until } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import { aDiscovery, type DiscoveryCall } from '../../discovery-call.ts'
import { type CpuidEntry, entry } from '../../entry.ts'
import { hyperv612 } from './where-read.ts'

const nestedLeaf = 0x4000_000a
const isDebugger = ({ function: leaf }: CpuidEntry) => leaf >= 0x4000_0080 && leaf <= 0x4000_0082
const isIdle = ({ function: leaf, eax }: CpuidEntry) => leaf === nestedLeaf && (eax & 0xffff) === 0

const without = (leaves: (row: CpuidEntry) => boolean) => (call: DiscoveryCall) => ({
  ...call,
  entries: call.entries.filter((row) => !leaves(row)),
})

const kept = entry(0x4000_0005, {})
const debugger_ = entry(0x4000_0080, {})
const nested = entry(nestedLeaf, {})
const asked = aDiscovery({ entries: [kept, debugger_, nested] })

/** The last leaf of the list tells of nested features. */
export const hvCpuidEntries = behaviour<DiscoveryCall, DiscoveryCall>({
  id: 'hv-cpuid-entries',
  catalogue: 'get-supported-hv-cpuid',
  says: 'every leaf of Hyper-V that KVM knows is told, whatever its bits',
  sources: [hyperv612, kernelSource('arch/x86/kvm/hyperv.c', 'kvm_vcpu_ioctl_get_hv_cpuid', '5.10.13')],
  evidence: 'source',
  versions: [
    {
      lifetime: until('5.8'),
      says: 'without the debugger’s leaves, and without nested features where there is no enlightened VMCS',
      does: without((row) => isDebugger(row) || isIdle(row)),
      witness: { in: asked, out: { ...asked, entries: [kept] } },
    },
    {
      lifetime: between('5.8', { absentIn: '5.10', presentIn: '6.1' }),
      says: 'without nested features where there is no enlightened VMCS',
      sources: [commit('f97f5a56f597', 'x86/kvm/hyper-v: Add support for synthetic debugger interface')],
      does: without(isIdle),
      witness: { in: asked, out: { ...asked, entries: [kept, debugger_] } },
    },
    {
      lifetime: since({ absentIn: '5.10', presentIn: '6.1' }),
      says: 'all ten',
      does: (call) => call,
      witness: { in: asked, out: asked },
    },
  ],
})
