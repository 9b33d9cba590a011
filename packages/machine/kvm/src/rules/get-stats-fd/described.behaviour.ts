import { type Behaviour, behaviour, since, until } from '@vmm/rule'
import { kernelSource, mail, probe } from '@vmm/source'
import {
  firstVcpuStatistics,
  firstVmStatistics,
  type Statistic,
  vcpuStatistics,
  vmStatistics,
} from '../../statistics/statistics.rows.ts'

/** Whose statistics they are. */
export type StatisticsOf = 'VM' | 'vCPU'

const edge = { absentIn: '5.14', presentIn: '6.1' } as const

export const statisticsDescribed: Behaviour<StatisticsOf, readonly Statistic[]> = behaviour<
  StatisticsOf,
  readonly Statistic[]
>({
  id: 'stats-described',
  catalogue: 'stats-fd',
  says: 'a file of statistics describes those of the VM or the vCPU, each with its name and what kind of number it is',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_stats_desc', '6.12.117'),
    kernelSource('include/linux/kvm_host.h', 'KVM_GENERIC_VCPU_STATS', '6.12.117'),
    probe('dispatch', 'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU and kvm_intel under Bochs'),
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: until(edge),
      says: 'fewer of them: pages of all sizes together, and no times of waiting',
      sources: [
        mail(
          '20210618222709.1858088-1-jingzhangos@google.com',
          '[PATCH v12 0/7] KVM statistics data fd-based binary interface',
        ),
      ],
      does: (of) => (of === 'VM' ? firstVmStatistics : firstVcpuStatistics),
      witness: { in: 'VM', out: firstVmStatistics },
    },
    {
      lifetime: since(edge),
      does: (of) => (of === 'VM' ? vmStatistics : vcpuStatistics),
      witness: { in: 'VM', out: vmStatistics },
    },
  ],
})
