import { behaviour, since, until } from '@vmm/rule'
import { kernelSource, mail } from '@vmm/source'
import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import { aCall } from '../set-cpuid/a-call.ts'

/** x87, SSE, AVX, MPX, AVX-512 and PKRU. */
const first = 0x2ffn
/** With tile configuration and data. */
const withTiles = first | (3n << 17n)

function masked(call: SetCpuidCall, mask: bigint): SetCpuidCall {
  const supportedXcr0 = call.host.supportedXcr0 & mask
  return supportedXcr0 === call.host.supportedXcr0 ? call : { ...call, host: { ...call.host, supportedXcr0 } }
}

const all = (supportedXcr0: bigint) => aCall({ host: { ...aCall().host, supportedXcr0 } })

/** What KVM knows how to save, of what the host has. */
export const kvmSupportedXcr0 = behaviour<SetCpuidCall, SetCpuidCall>({
  id: 'kvm-supported-xcr0',
  catalogue: 'set-cpuid-side-effects',
  says: 'KVM lets guests have the XCR0 bits of the host whose state it knows',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'KVM_SUPPORTED_XCR0', '6.1.192')],
  evidence: 'source',
  versions: [
    {
      lifetime: until('5.17'),
      says: 'up to PKRU',
      sources: [
        mail(
          '20211229131328.12283-9-yang.zhong@intel.com',
          'kvm: x86: Check and enable permitted dynamic xfeatures at KVM_SET_CPUID2',
        ),
      ],
      does: (call) => masked(call, first),
      witness: { in: all(0xe_02ffn), out: all(0x2ffn) },
    },
    {
      lifetime: since('5.17'),
      says: 'up to tile data',
      does: (call) => masked(call, withTiles),
      witness: { in: all(0xe_02ffn), out: all(0x6_02ffn) },
    },
  ],
})
