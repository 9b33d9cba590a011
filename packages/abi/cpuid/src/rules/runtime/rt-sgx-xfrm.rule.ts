import { behaviour, between } from '@vmm/rule'
import { commit, kernelSource, mail } from '@vmm/source'
import { entry } from '../../entry.ts'
import { amended, findSubleaf, placeOfSubleaf, wide } from '../kernel-lookup.ts'
import { asked } from '../set-cpuid/where-read.ts'
import { aRuntimeUpdate } from './a-runtime-update.ts'
import type { RuntimeUpdate } from './runtime-state.ts'

const enclaves = entry(0x12, { ecx: 0xe7 }, 1)
const states = entry(0xd, { eax: 7 }, 0)

/** CPUID.12H.1:ECX and EDX, the XFRM bits that an enclave may ask for. */
export const rtSgxXfrm = behaviour({
  id: 'rt-sgx-xfrm',
  catalogue: 'rt-sgx-xfrm',
  says: 'the XFRM mask of enclaves is cut to the XCR0 bits of the guest, and x87 and SSE are set in it',
  sources: [
    kernelSource('arch/x86/kvm/cpuid.c', '__kvm_update_cpuid_runtime', '6.1.192'),
    commit('275a87244ec8', "KVM: x86: Don't adjust guest's CPUID.0x12.1 (allowed SGX enclave XFRM)"),
    mail(
      '20230405005911.423699-3-seanjc@google.com',
      "KVM: x86: Don't adjust guest's CPUID.0x12.1 (allowed SGX enclave XFRM)",
    ),
    asked,
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: { ...between('5.13', '6.4'), without: ['rfc-cpuid-xfrm-untouched'] },
      does: ({ table, lookup, host }: RuntimeUpdate) => {
        const place = placeOfSubleaf(table, 0x12, 1, lookup)
        const found = table[place]
        if (found === undefined) return table
        const main = findSubleaf(table, 0xd, 0, lookup)
        const xcr0 = main === undefined ? 0n : wide(main.eax, main.edx) & host.supportedXcr0
        const low = Number(xcr0 & 0xffff_ffffn)
        return amended(table, place, { ecx: (found.ecx & low) | 3, edx: found.edx & Number(xcr0 >> 32n) })
      },
      witness: { in: aRuntimeUpdate([states, enclaves]), out: [states, { ...enclaves, ecx: 7 }] },
    },
  ],
})
