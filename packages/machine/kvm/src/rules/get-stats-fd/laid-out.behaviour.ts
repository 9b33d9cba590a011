import { always, type Behaviour, behaviour } from '@vmm/rule'
import { kernelDoc, kernelSource, probe } from '@vmm/source'

/** Where the parts of a file of statistics begin. */
export interface StatisticsLayout {
  readonly idAt: number
  readonly descriptionsAt: number
  readonly dataAt: number
  /** Bytes of a name, and of the identifier. */
  readonly nameBytes: number
  /** Bytes of a description with its name. */
  readonly descriptionBytes: number
}

const headerBytes = 24
const nameBytes = 48
const descriptionBytes = 16 + nameBytes
const descriptionsAt = headerBytes + nameBytes

export const statisticsLaidOut: Behaviour<number, StatisticsLayout> = behaviour({
  id: 'stats-laid-out',
  catalogue: 'stats-fd',
  says: 'a file of statistics has its header, an identifier, a description of each statistic, and the numbers',
  sources: [
    kernelDoc('Documentation/virt/kvm/api.rst', 'KVM_GET_STATS_FD'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_stats_header', '6.12.117'),
    probe('dispatch', 'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU and kvm_intel under Bochs'),
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: (count) => ({
        idAt: headerBytes,
        descriptionsAt,
        dataAt: descriptionsAt + count * descriptionBytes,
        nameBytes,
        descriptionBytes,
      }),
      witness: {
        in: 15,
        out: { idAt: 0x18, descriptionsAt: 0x48, dataAt: 0x408, nameBytes: 48, descriptionBytes: 64 },
      },
    },
  ],
})
