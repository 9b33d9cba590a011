import { always, type Behaviour, behaviour } from '@vmm/rule'
import { kernelSource, probe } from '@vmm/source'

/** A read of a file of statistics: from its place, or, with `pread`, from another one. */
export interface StatisticsRead {
  readonly call: 'read' | 'pread'
  /** Where it begins. */
  readonly from: number
  readonly length: number
  /** Bytes of the file. */
  readonly bytes: number
}

/** How many bytes it gives, and by how many the file's own place moves. */
export interface StatisticsGiven {
  readonly given: number
  readonly moved: number
}

const atEnd: StatisticsRead = { call: 'read', from: 100, length: 8, bytes: 104 }

export const statisticsRead: Behaviour<StatisticsRead, StatisticsGiven> = behaviour({
  id: 'stats-read',
  catalogue: 'stats-fd',
  says: 'a file of statistics is read from anywhere, as far as it goes, with the numbers as they are then; pread leaves its place',
  sources: [
    kernelSource('virt/kvm/binary_stats.c', 'kvm_stats_read', '6.12.117'),
    kernelSource('virt/kvm/kvm_main.c', 'kvm_vcpu_ioctl_get_stats_fd', '6.12.117'),
    probe('dispatch', 'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU and kvm_intel under Bochs'),
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: ({ call, from, length, bytes }) => {
        const given = Math.max(0, Math.min(length, bytes - from))
        return { given, moved: call === 'read' ? given : 0 }
      },
      witness: { in: atEnd, out: { given: 4, moved: 4 } },
    },
  ],
})
