import { vcpuStatistics, vmStatistics } from '../statistics/statistics.rows.ts'
import { statisticsFile } from '../statistics/statistics-file.ts'
import type { KvmVcpu } from '../vcpu.ts'
import type { Vm } from '../vm.ts'
import type { Handlers } from './call.ts'
import { KvmFile } from './kvm-file.ts'

/** A process of nobody: identifiers have its number. */
const nobody = 0

/** Statistics of a VM: nobody counts any of its memory management, which is not the kernel's. */
export const vmStatisticsCalls: Handlers<Vm> = {
  KVM_GET_STATS_FD: (vm, { task }) => {
    const bytes = () => statisticsFile(`kvm-${nobody}`, vmStatistics, () => undefined)
    return new KvmFile({ kind: 'statistics', vm, bytes }, task.mm)
  },
}

/** Statistics of a vCPU. */
export const vcpuStatisticsCalls: Handlers<KvmVcpu> = {
  KVM_GET_STATS_FD: ({ vm, id, exits, nesting }, { task }) => {
    const counted = (name: string) => (name === 'guest_mode' ? BigInt(nesting.l2Active) : exits.of(name))
    const bytes = () => statisticsFile(`kvm-${nobody}/vcpu-${id}`, vcpuStatistics, counted)
    return new KvmFile({ kind: 'statistics', vm, bytes }, task.mm)
  },
}
