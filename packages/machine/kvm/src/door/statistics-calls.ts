import { inRelease } from '../in-release.ts'
import { statisticsDescribed } from '../rules/get-stats-fd/described.behaviour.ts'
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
    const described = inRelease(statisticsDescribed, vm.kvm.profile)('VM')
    const bytes = () => statisticsFile(`kvm-${nobody}`, described, () => undefined)
    return new KvmFile({ kind: 'statistics', vm, bytes }, task.mm)
  },
}

/** Statistics of a vCPU. */
export const vcpuStatisticsCalls: Handlers<KvmVcpu> = {
  KVM_GET_STATS_FD: ({ vm, id, exits, nesting }, { task }) => {
    const counted = (name: string) => (name === 'guest_mode' ? BigInt(nesting.l2Active) : exits.of(name))
    const described = inRelease(statisticsDescribed, vm.kvm.profile)('vCPU')
    const bytes = () => statisticsFile(`kvm-${nobody}/vcpu-${id}`, described, counted)
    return new KvmFile({ kind: 'statistics', vm, bytes }, task.mm)
  },
}
