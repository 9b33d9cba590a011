import { always, type Behaviour, behaviour, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { type CpuidAnswer, type CpuidTable, entry } from '../entry.ts'
import { firstHypervisorLeaf, signatureOfHypervisor } from '../hypervisor.ts'
import { registerOf } from '../text.ts'

const highestKvmLeaf = firstHypervisorLeaf + 1

/** The ranges of leaves, in the order in which they are told: `centaur` is a processor of Centaur's; Zhaoxin's are none. */
export const supportedOrder: Behaviour<'centaur' | 'other', readonly number[]> = behaviour<
  'centaur' | 'other',
  readonly number[]
>({
  id: 'supported-cpuid-order',
  catalogue: 'supported-cpuid-order',
  says: 'basic leaves come first, then extended ones, then Centaur’s on its processors, and KVM’s own last; sub-leaves follow their leaf',
  sources: [
    kernelSource('arch/x86/kvm/cpuid.c', 'kvm_dev_ioctl_get_cpuid', '6.1.192'),
    kernelSource('arch/x86/kvm/cpuid.c', 'kvm_dev_ioctl_get_cpuid', '6.12.117'),
  ],
  evidence: 'source',
  versions: [
    {
      lifetime: always,
      does: (vendor) => [0, 0x8000_0000, ...(vendor === 'centaur' ? [0xc000_0000] : []), firstHypervisorLeaf],
      witness: { in: 'centaur', out: [0, 0x8000_0000, 0xc000_0000, 0x4000_0000] },
    },
  ],
})

const signature = signatureOfHypervisor('kvm')
const [ebx, ecx, edx] = [registerOf(signature, 0), registerOf(signature, 4), registerOf(signature, 8)]

/** KVM's own leaves, with the word of features that the rows of `report-kvm.rows.ts` make. */
export const supportedKvmLeaf: Behaviour<number, CpuidTable> = behaviour<number, CpuidTable>({
  id: 'supported-kvm-leaf',
  catalogue: 'supported-kvm-leaf',
  says: 'KVM tells its name and its features in two leaves; hints, and bits that only user space can keep, it never tells',
  sources: [
    kernelSource('arch/x86/kvm/cpuid.c', '__do_cpuid_func', '6.1.192'),
    kernelSource('arch/x86/kvm/cpuid.c', '__do_cpuid_func', '6.12.117'),
  ],
  evidence: 'source',
  versions: [
    {
      lifetime: always,
      does: (features) => [
        entry(firstHypervisorLeaf, { eax: highestKvmLeaf, ebx, ecx, edx }),
        entry(highestKvmLeaf, { eax: features }),
      ],
      witness: {
        in: 0x100_00fb,
        out: [
          entry(0x4000_0000, { eax: 0x4000_0001, ebx: 0x4b4d_564b, ecx: 0x564b_4d56, edx: 0x4d }),
          entry(0x4000_0001, { eax: 0x100_00fb }),
        ],
      },
    },
  ],
})

/** What the host has of leaf 12H, and which features of it KVM reports. */
export interface HostEnclaves {
  readonly capabilities: CpuidAnswer
  readonly attributes: CpuidAnswer
  /** EAX of sub-leaf 0, of features that are reported. */
  readonly reported: number
}

/** DEBUG, MODE64BIT, PROVISIONKEY, EINITTOKENKEY and KSS. */
const attributes = 0b1011_0110
const host: HostEnclaves = {
  capabilities: { eax: 0x63, ebx: 3, ecx: 0, edx: 0x381f },
  attributes: { eax: 0xff, ebx: 1, ecx: 0x2e7, edx: 0 },
  reported: 3,
}

/** Sub-leaves 0 and 1. Where enclave memory is, sub-leaves 2 and on, is user space's to say. */
export const sgxLeaf12: Behaviour<HostEnclaves, readonly Partial<CpuidAnswer>[]> = behaviour<
  HostEnclaves,
  readonly Partial<CpuidAnswer>[]
>({
  id: 'sgx-cpuid-leaf12',
  catalogue: 'sgx-cpuid-leaf12',
  says: 'of leaf 12H a guest may have EXINFO and five attributes; XFRM is the host’s, for user space to cut',
  sources: [
    kernelSource('arch/x86/kvm/cpuid.c', '__do_cpuid_func', '6.1.192'),
    kernelSource('arch/x86/kvm/cpuid.c', '__do_cpuid_func', '6.12.117'),
  ],
  evidence: 'source',
  versions: [
    {
      lifetime: since('5.13'),
      does: ({ capabilities, attributes: own, reported }) => [
        { ...capabilities, eax: reported, ebx: capabilities.ebx & 1 },
        { ...own, eax: own.eax & attributes, ebx: 0 },
      ],
      witness: {
        in: host,
        out: [
          { eax: 3, ebx: 1, ecx: 0, edx: 0x381f },
          { eax: 0xb6, ebx: 0, ecx: 0x2e7, edx: 0 },
        ],
      },
    },
  ],
})
