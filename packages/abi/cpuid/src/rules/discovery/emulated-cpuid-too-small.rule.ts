import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { aDiscovery, type DiscoveryCall } from '../../discovery-call.ts'
import { discovery612 } from './where-read.ts'

/** The room is looked at before each range of leaves, the empty ones too. */
export const emulatedCpuidTooSmall = rule<DiscoveryCall>({
  id: 'emulated-cpuid-too-small',
  catalogue: 'emulated-cpuid-content',
  says: 'there must be room for one entry more than is emulated',
  lifetime: always,
  errno: 'E2BIG',
  sources: [kernelSource('arch/x86/kvm/cpuid.c', '__do_cpuid_func_emulated', '6.12.117'), discovery612],
  evidence: 'recorded',
  refuses: ({ entries, room }) => entries.length >= room,
  witness: { refused: aDiscovery({ request: { nent: 1 } }), accepted: aDiscovery({ request: { nent: 2 } }) },
})
